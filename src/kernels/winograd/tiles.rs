//! How images are cut into tiles.

use std::ops::Range;

use crate::kernels::conv_shape::ConvShape;
use crate::kernels::simd::prefetch;

/// Channels of tiles between the work and those whose pixels are asked for: rows of a tile lie too far apart for the
/// processor to guess, and tiles of few channels are done before memory has answered.
const AHEAD: usize = 256;

/// How images are cut into 4×4 tiles; those at the right and lower edge may be partial.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    rows: usize,
    columns: usize,
}

impl Tiles {
    pub(super) fn of(s: &ConvShape) -> Self {
        Self {
            batch: s.batch,
            height: s.height,
            width: s.width,
            rows: s.height.div_ceil(4),
            columns: s.width.div_ceil(4),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.batch * self.rows * self.columns
    }

    pub(super) fn pixels(&self) -> usize {
        self.batch * self.height * self.width
    }

    /// Rows and columns of the tile at `top` and `left`.
    #[inline(always)]
    pub(super) fn size(&self, top: usize, left: usize) -> (usize, usize) {
        ((self.height - top).min(4), (self.width - left).min(4))
    }

    /// Pixels of the tiles `range`.
    pub(super) fn inside(&self, range: Range<usize>) -> usize {
        let sizes = range.map(|t| {
            let (_, top, left) = self.place(t);
            self.size(top, left)
        });
        sizes.map(|(rows, columns)| rows * columns).sum()
    }

    /// Asks the caches for the pixels of `x`, of `c` channels, of a tile soon after tile `t`.
    #[inline(always)]
    pub(super) fn prefetch(&self, x: *const f32, c: usize, t: usize) {
        let t = t + (AHEAD / c).max(2);
        if t >= self.count() {
            return;
        }
        let (start, top, left) = self.place(t);
        let (rows, columns) = self.size(top, left);
        for i in 0..rows {
            let row = x.wrapping_add((start + (top + i) * self.width + left) * c);
            for j in (0..columns * c).step_by(16) {
                prefetch(row.wrapping_add(j));
            }
        }
    }

    /// Index of its image's first pixel, and its first row and column, of tile `t`.
    #[inline(always)]
    pub(super) fn place(&self, t: usize) -> (usize, usize, usize) {
        let (image, rest) = (
            t / (self.rows * self.columns),
            t % (self.rows * self.columns),
        );
        let (row, column) = (rest / self.columns, rest % self.columns);
        (image * self.height * self.width, row * 4, column * 4)
    }
}
