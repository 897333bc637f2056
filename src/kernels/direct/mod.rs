//! Convolution of any kernel size and stride straight from zero-padded images, without gathering windows.
//!
//! In NHWC a kernel row over an output pixel is one contiguous stretch of the image, and the next pixel's lies
//! a fixed distance further: the image itself is the left-hand matrix of a product per kernel row. Images are
//! copied once, with their border, a band of rows at a time that stays in the second cache. Without groups and
//! dilation; output channels must be a multiple of 16.

mod backward_data;
mod backward_weight;
mod forward;

pub(super) use backward_data::backward_data;
pub(super) use backward_weight::backward_weight;
pub(super) use forward::forward;

use std::ops::Range;

use rayon::prelude::*;

use super::batch_norm::Input;
use super::conv::ConvShape;
use super::gemm::{PANEL, packed_len, panel_width};
use super::shared::Shared;
use super::simd::Simd;

/// Floats of padded images that a task holds: 384 KiB.
const BLOCK: usize = 96 * 1024;

pub(super) fn workspace(s: &ConvShape) -> usize {
    let forward = packed_len(s.taps(), s.output);
    let data = packed_len(s.kernel * s.kernel * s.output, s.input);
    let weight = backward_weight::tasks(s) * s.weight_len();
    forward.max(data).max(weight)
}

/// Output rows of some images, or some output rows of one image, and the padded input behind them.
struct Band {
    images: Range<usize>,
    rows: Range<usize>,
}

/// How the output is cut into bands, and how the input behind one is laid out.
#[derive(Clone, Copy)]
struct Bands {
    shape: ConvShape,
    /// Images of a band, where whole images fit.
    images: usize,
    /// Output rows of a band.
    rows: usize,
    /// Floats of a padded row.
    row: usize,
}

impl Bands {
    fn of(s: &ConvShape) -> Self {
        let row = ((s.out_width() - 1) * s.stride + s.kernel) * s.input;
        let image = ((s.out_height() - 1) * s.stride + s.kernel) * row;
        let rows = match BLOCK / image {
            0 => (BLOCK / row / s.stride).clamp(1, s.out_height()),
            _ => s.out_height(),
        };
        // Enough bands for many threads, unless images are tiny.
        let images = (BLOCK / image).min(s.batch.div_ceil(32)).max(1);
        Self {
            shape: *s,
            images,
            rows,
            row,
        }
    }

    fn per_image(&self) -> usize {
        self.shape.out_height().div_ceil(self.rows)
    }

    fn count(&self) -> usize {
        self.shape.batch.div_ceil(self.images) * self.per_image()
    }

    fn get(&self, index: usize) -> Band {
        let (block, part) = (index / self.per_image(), index % self.per_image());
        let (image, row) = (block * self.images, part * self.rows);
        Band {
            images: image..self.shape.batch.min(image + self.images),
            rows: row..self.shape.out_height().min(row + self.rows),
        }
    }

    /// Padded rows behind one image's part of `band`.
    fn height(&self, band: &Band) -> usize {
        (band.rows.len() - 1) * self.shape.stride + self.shape.kernel
    }

    /// Floats of the padded input behind any band.
    fn len(&self) -> usize {
        self.images * ((self.rows - 1) * self.shape.stride + self.shape.kernel) * self.row
    }

    /// Lay out the padded input behind `band`.
    fn fill(&self, simd: Simd, band: &Band, x: Input, to: &mut [f32]) {
        let s = &self.shape;
        let image = s.height * s.width * s.input;
        let first = (band.rows.start * s.stride) as isize - s.padding as isize;
        let size = (s.height, s.width * s.input);
        for (n, to) in band
            .images
            .clone()
            .zip(to.chunks_exact_mut(self.height(band) * self.row))
        {
            let copy = |start: usize, to: &mut [f32]| x.copy(simd, n * image + start, to);
            pad(copy, size, (first, s.padding * s.input), to, self.row);
        }
    }

    /// Where the padded rows behind each output row of `band` start.
    fn starts(&self, band: &Band) -> impl Iterator<Item = usize> {
        let (height, row, step) = (self.height(band), self.row, self.shape.stride);
        let rows = band.rows.len();
        (0..band.images.len())
            .flat_map(move |n| (0..rows).map(move |oy| (n * height + oy * step) * row))
    }
}

/// Copy the rows of an image from `first` on, which may lie outside, to rows of `row` floats behind `left` zeros;
/// `copy` takes what starts at a place in the image.
fn pad(
    copy: impl Fn(usize, &mut [f32]),
    (height, width): (usize, usize),
    (first, left): (isize, usize),
    to: &mut [f32],
    row: usize,
) {
    let count = width.min(row.saturating_sub(left));
    for (y, to) in (first..).zip(to.chunks_exact_mut(row)) {
        if y < 0 || y >= height as isize {
            to.fill(0.0);
            continue;
        }
        to[..left.min(row)].fill(0.0);
        if count > 0 {
            copy(y as usize * width, &mut to[left..left + count]);
            to[left + count..].fill(0.0);
        }
    }
}

/// Pack the weights of `taps` for the products: row (t, d) and column j is `weight[taps[t] + d · steps.0 + j · steps.1]`.
fn pack(
    taps: &[usize],
    (depth, columns): (usize, usize),
    steps: (usize, usize),
    weight: &[f32],
    packed: Shared,
    start: usize,
) {
    (0..columns.div_ceil(PANEL))
        .into_par_iter()
        .for_each(|panel| {
            let first = panel * PANEL;
            let (width, rows) = (panel_width(columns, first), taps.len() * depth);
            let valid = width.min(columns - first);
            // SAFETY: every task has its own panel.
            let panel = unsafe { packed.part(start + first * rows, rows * width) };
            for (t, rows) in panel.chunks_exact_mut(depth * width).enumerate() {
                for (d, row) in rows.chunks_exact_mut(width).enumerate() {
                    let from = taps[t] + d * steps.0 + first * steps.1;
                    let from = weight[from..].iter().step_by(steps.1);
                    for (to, value) in row[..valid].iter_mut().zip(from) {
                        *to = *value;
                    }
                    row[valid..].fill(0.0);
                }
            }
        });
}
