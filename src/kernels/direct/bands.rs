//! Zero-padded images, a band of rows at a time.

use std::ops::Range;

use crate::kernels::batch_norm::Input;
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::simd::Simd;

/// Floats of padded images that a task holds: 384 KiB.
pub(super) const BLOCK: usize = 96 * 1024;

/// Output rows of some images, or some output rows of one image, and the padded input behind them.
pub(super) struct Band {
    pub(super) images: Range<usize>,
    pub(super) rows: Range<usize>,
}

/// How the output is cut into bands, and how the input behind one is laid out.
#[derive(Clone, Copy)]
pub(super) struct Bands {
    shape: ConvShape,
    /// Images of a band, where whole images fit.
    images: usize,
    /// Output rows of a band.
    rows: usize,
    /// Floats of a padded row.
    pub(super) row: usize,
}

impl Bands {
    pub(super) fn of(s: &ConvShape) -> Self {
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

    pub(super) fn count(&self) -> usize {
        self.shape.batch.div_ceil(self.images) * self.per_image()
    }

    pub(super) fn get(&self, index: usize) -> Band {
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
    pub(super) fn len(&self) -> usize {
        self.images * ((self.rows - 1) * self.shape.stride + self.shape.kernel) * self.row
    }

    /// Lay out the padded input behind `band`.
    pub(super) fn fill(&self, simd: Simd, band: &Band, x: Input, to: &mut [f32]) {
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
    pub(super) fn starts(&self, band: &Band) -> impl Iterator<Item = usize> {
        let (height, row, step) = (self.height(band), self.row, self.shape.stride);
        let rows = band.rows.len();
        (0..band.images.len())
            .flat_map(move |n| (0..rows).map(move |oy| (n * height + oy * step) * row))
    }
}

/// Copy the rows of an image from `first` on, which may lie outside, to rows of `row` floats behind `left` zeros;
/// `copy` takes what starts at a place in the image.
pub(super) fn pad(
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
