//! Crop and antialiased resize in one pass, from bytes to float planes.

use super::planar::Planar;
use super::scratch::{Scratch, room};
use super::taps::{Interpolation, Taps};
use crate::data::Image;
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

/// Cut `region` out of `source` and resize it to the size of `out` (C, H, W): bytes/255, antialiased, not clamped.
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
    down.fill(interpolation, region.height, height, 0..height, 1.0 / 255.0);
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
        &source.pixels[(j * source.width + region.left) * source.channels..][..length]
    };
    for tap in (0..down.count()).step_by(2) {
        let (a, a_weight) = down.tap(y, tap);
        let (b, b_weight) = down.tap(y, tap + 1);
        let (a, b) = (line(a), line(b));
        if tap == 0 {
            pixels::blend_rows(row, a, a_weight, b, b_weight);
        } else {
            pixels::add_rows(row, a, a_weight, b, b_weight);
        }
    }
}
