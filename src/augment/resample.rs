//! Crop and antialiased resize in one pass, from interleaved pixels to float planes.

use super::planar::Planar;
use super::scratch::{Scratch, room};
use super::taps::{Interpolation, Taps};
use crate::data::{Image, Pixels};
use crate::kernels::pixels;

/// A rectangle of pixels inside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Cut `region` out of `source` and resize it to the size of `out` (C, H, W): values between 0 and 1, antialiased, not clamped.
///
/// A grey image is copied into the three planes of a colour `out`; a colour image becomes its luma in a grey one.
/// Bicubic results can leave [0, 1].
pub fn resized_crop(
    source: &Image,
    region: Region,
    interpolation: Interpolation,
    out: &mut Planar,
    scratch: &mut Scratch,
) {
    let (height, width) = (out.height(), out.width());
    let across = &mut scratch.across;
    across.fill(interpolation, region.width, width, 0..width, 1.0);
    let down = &mut scratch.down;
    let scale = source.pixels.scale();
    down.fill(interpolation, region.height, height, 0..height, scale);
    resample(source, region, out, scratch);
}

/// Fill `out` from `region` of `source` through the taps in `scratch`.
///
/// Downwards first: a blended row stays in the first cache, and columns are then gathered from it.
pub(super) fn resample(source: &Image, region: Region, out: &mut Planar, scratch: &mut Scratch) {
    let Scratch {
        across, down, row, ..
    } = scratch;
    let channels = source.channels.min(out.channels());
    across.interleave(channels);
    let row = room(row, region.width * source.channels);
    for y in 0..out.height() {
        blend(source, region, down, y, row);
        let row = if channels < source.channels {
            pixels::interleaved_luma(row);
            &row[..region.width]
        } else {
            &row[..]
        };
        for channel in 0..channels {
            pixels::gather(
                out.row(channel, y),
                row,
                across.first(),
                across.weights(),
                channels as u32,
                channel as u32,
            );
        }
    }
    if source.channels < out.channels() {
        out.spread_first();
    }
}

/// Row `y` of the target, still with the columns of the source: taps two at a time.
fn blend(source: &Image, region: Region, down: &Taps, y: usize, row: &mut [f32]) {
    let length = row.len();
    let line = |j: usize| {
        let j = region.top + j.min(region.height - 1);
        let start = (j * source.width + region.left) * source.channels;
        start..start + length
    };
    for tap in (0..down.count()).step_by(2) {
        let (a, a_weight) = down.tap(y, tap);
        let (b, b_weight) = down.tap(y, tap + 1);
        let (a, b) = (line(a), line(b));
        match (&source.pixels, tap) {
            (Pixels::Bytes(v), 0) => pixels::blend_rows(row, &v[a], a_weight, &v[b], b_weight),
            (Pixels::Bytes(v), _) => pixels::add_rows(row, &v[a], a_weight, &v[b], b_weight),
            (Pixels::Floats(v), 0) => {
                pixels::blend_float_rows(row, &v[a], a_weight, &v[b], b_weight);
            }
            (Pixels::Floats(v), _) => {
                pixels::add_float_rows(row, &v[a], a_weight, &v[b], b_weight);
            }
        }
    }
}
