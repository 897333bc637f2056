//! Random crop with padding.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
use super::check;
use super::planar::Planar;
use super::scratch::Scratch;
use crate::data::{Image, Pixels};
use crate::error::Result;
use crate::random::Stream;

/// Surround the image with zeros and cut out the view's size at a random place: small shifts, no resizing.
///
/// The usual augmentation of supervised CIFAR training (He et al. 2015) and right for small centred images.
/// An image that is still smaller than the view is padded further, evenly on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomCrop {
    /// Zeros added on every side, in pixels.
    pub padding: usize,
    /// Probability; otherwise the view is the resized central square.
    pub p: f64,
}

impl Default for RandomCrop {
    fn default() -> Self {
        Self { padding: 4, p: 1.0 }
    }
}

/// Fill `view` with the window of `source` whose first pixel is (`top`, `left`), zeros outside the image.
pub fn crop(source: &Image, top: isize, left: isize, view: &mut Planar) {
    let width = view.width();
    view.data().fill(0.0);
    let (first, last) = overlap(left, width, source.width);
    for y in 0..view.height() {
        let Some(row) = top
            .checked_add_unsigned(y)
            .and_then(|row| usize::try_from(row).ok())
        else {
            continue;
        };
        if row >= source.height || first >= last {
            continue;
        }
        let start = (row * source.width + left.saturating_add_unsigned(first).unsigned_abs())
            * source.channels;
        let line = start..start + (last - first) * source.channels;
        match &source.pixels {
            Pixels::Bytes(v) => {
                let scale = |byte: u8| f32::from(byte) / 255.0;
                copy_row(&v[line], scale, source.channels, y, first, view);
            }
            Pixels::Floats(v) => copy_row(&v[line], |v| v, source.channels, y, first, view),
        }
    }
    if source.channels < view.channels() {
        view.spread_first();
    }
}

/// The columns of a window starting at `start` that lie inside an image of `side` columns.
fn overlap(start: isize, window: usize, side: usize) -> (usize, usize) {
    let first = start.min(0).unsigned_abs();
    let last = side
        .saturating_add_signed(start.saturating_neg())
        .min(window);
    (first, last)
}

/// Values of one row into the planes of `view`, from column `first` on.
fn copy_row<T: Copy>(
    line: &[T],
    scale: impl Fn(T) -> f32,
    channels: usize,
    y: usize,
    first: usize,
    view: &mut Planar,
) {
    if channels == 3 && view.channels() == 1 {
        let row = &mut view.row(0, y)[first..];
        for (out, pixel) in row.iter_mut().zip(line.chunks_exact(3)) {
            *out = 0.2989 * scale(pixel[0]) + 0.587 * scale(pixel[1]) + 0.114 * scale(pixel[2]);
        }
        return;
    }
    for channel in 0..channels {
        let row = &mut view.row(channel, y)[first..];
        for (out, pixel) in row.iter_mut().zip(line.chunks_exact(channels)) {
            *out = scale(pixel[channel]);
        }
    }
}

impl RandomCrop {
    /// First pixel of the window along a side: even padding when the padded side is shorter than the window.
    fn place(&self, side: usize, window: usize, rng: &mut Stream) -> isize {
        let padded = side + 2 * self.padding;
        let start = if padded < window {
            -((window - padded).div_ceil(2) as isize)
        } else {
            rng.random_range(0..=padded - window) as isize
        };
        start - self.padding as isize
    }
}

impl Augmentation for RandomCrop {
    fn probability(&self) -> f64 {
        self.p
    }

    fn frames(&self) -> bool {
        true
    }

    fn apply(&self, source: &Image, view: &mut Planar, rng: &mut Stream, _: &mut Scratch) {
        let top = self.place(source.height, view.height(), rng);
        let left = self.place(source.width, view.width(), rng);
        crop(source, top, left, view);
    }

    fn validate(&self, key: &str, size: usize) -> Result<()> {
        check::probability(key, self.p)?;
        check::strength(&format!("{key}.padding"), self.padding as f64, size as f64)
    }
}
