//! Where the matrices of a product lie.

use std::ptr::null;

/// Columns of a packed panel: four 16-lane vectors.
pub(in crate::kernels) const PANEL: usize = 64;
/// Depth of the product between two visits of the result: a panel of it stays in the first cache.
pub(super) const DEPTH: usize = 128;

/// Left-hand side: element (i, p) lies at `start + i · row + p · column`.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Left {
    pub(in crate::kernels) start: *const f32,
    pub(in crate::kernels) row: usize,
    pub(in crate::kernels) column: usize,
}

/// Right-hand side.
#[derive(Clone, Copy)]
pub(in crate::kernels) enum Right {
    /// In panels, as [`pack_panel`](super::pack_panel) lays them out.
    Packed(*const f32),
    /// Row-major with this row stride; the number of columns must be a multiple of 16.
    Rows(*const f32, usize),
}

/// Result: row-major with a row stride; overwritten, or added to.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Target {
    pub(in crate::kernels) start: *mut f32,
    pub(in crate::kernels) row: usize,
    pub(in crate::kernels) add: bool,
}

/// Where sums go, and what they are added to while they are in registers; null pointers add nothing.
#[derive(Clone, Copy)]
pub(super) struct Sink {
    pub(super) start: *mut f32,
    pub(super) row: usize,
    /// A matrix with the row stride of the result, which it may be.
    pub(super) old: *const f32,
    /// A row for all rows.
    pub(super) bias: *const f32,
}

impl From<Target> for Sink {
    fn from(c: Target) -> Self {
        Self {
            start: c.start,
            row: c.row,
            old: if c.add { c.start } else { null() },
            bias: null(),
        }
    }
}

impl Sink {
    /// From this row and column on; only inside the matrices.
    #[inline(always)]
    pub(super) fn at(self, row: usize, column: usize) -> Self {
        let place = row * self.row + column;
        let on = |pointer: *const f32, place| {
            if pointer.is_null() {
                pointer
            } else {
                pointer.wrapping_add(place)
            }
        };
        Self {
            start: self.start.wrapping_add(place),
            row: self.row,
            old: on(self.old, place),
            bias: on(self.bias, column),
        }
    }

    /// The same place for sums that continue those already there.
    #[inline(always)]
    pub(super) fn more(self) -> Self {
        Self {
            old: self.start,
            bias: null(),
            ..self
        }
    }
}
