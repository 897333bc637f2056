//! An image in working memory, sixteen channels of it, among zeros.

use crate::kernels::conv_shape::ConvShape;
use crate::kernels::simd::Lanes;

/// Channels of a task.
pub(super) const BLOCK: usize = 16;

/// Blocks of channels.
pub(super) fn blocks(s: &ConvShape) -> usize {
    s.input.div_ceil(BLOCK)
}

/// Where its pixels lie, [`BLOCK`] floats each.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Pixels of a row.
    pub(super) columns: usize,
    /// Rows.
    pub(super) rows: usize,
    /// Place of the first pixel in its row and column.
    pub(super) first: usize,
    /// Places from pixel to pixel.
    pub(super) step: usize,
}

impl Field {
    /// The input with its border.
    pub(super) fn input(s: &ConvShape) -> Self {
        Self {
            columns: s.width + 2 * s.padding,
            rows: s.height + 2 * s.padding,
            first: s.padding,
            step: 1,
        }
    }

    /// The gradient of the output, where its windows begin, with room for all of the kernel on every side.
    pub(super) fn gradient(s: &ConvShape) -> Self {
        let reach = s.dilation * (s.kernel - 1);
        Self {
            columns: s.width + 2 * s.padding + reach,
            rows: s.height + 2 * s.padding + reach,
            first: reach,
            step: s.stride,
        }
    }

    pub(super) fn len(self) -> usize {
        self.columns * self.rows * BLOCK
    }

    /// The place of (row, column), in floats.
    pub(super) fn at(self, row: usize, column: usize) -> usize {
        (row * self.columns + column) * BLOCK
    }

    /// Fill `to` with the pixels (height, width) at `from`, `count` floats of `c` each.
    ///
    /// # Safety
    /// `from` is valid for these pixels, whose places lie in the field. The processor has the instructions of `L`.
    #[inline(always)]
    pub(super) unsafe fn fill<L: Lanes>(
        self,
        from: *const f32,
        (height, width): (usize, usize),
        (c, count): (usize, usize),
        to: &mut [f32],
    ) {
        to[..self.len()].fill(0.0);
        let last = self.at(
            self.first + (height - 1) * self.step,
            self.first + (width - 1) * self.step,
        );
        assert!(last + BLOCK <= self.len());
        for row in 0..height {
            for column in 0..width {
                let place = self.at(
                    self.first + row * self.step,
                    self.first + column * self.step,
                );
                // SAFETY: the place lies in the field (the last was checked), the pixel in the image.
                unsafe {
                    let pixel = from.add((row * width + column) * c);
                    L::load_up_to(pixel, count).store(to.as_mut_ptr().add(place));
                }
            }
        }
    }
}
