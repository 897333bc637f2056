//! Matrix products on one thread: a register-tiled micro-kernel and packing of the right-hand side.

mod matmul;
mod micro;
mod over_rows;
mod pack;
mod sweep;

pub(super) use matmul::matmul_then;
pub use matmul::{Order, Start, matmul, workspace};
pub use over_rows::{over_rows, over_rows_workspace};
pub(super) use pack::{pack_panel, packed_len, panel_width, turn_panel};
pub(super) use sweep::{Run, sweep};

use std::ptr::null;

use super::simd::{Lanes, multiversion};
use micro::columns;

/// Columns of a packed panel: four 16-lane vectors.
pub(super) const PANEL: usize = 64;
/// Depth of the product between two visits of the result: a panel of it stays in the first cache.
const DEPTH: usize = 128;

/// Left-hand side: element (i, p) lies at `start + i · row + p · column`.
#[derive(Clone, Copy)]
pub(super) struct Left {
    pub(super) start: *const f32,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Right-hand side.
#[derive(Clone, Copy)]
pub(super) enum Right {
    /// As [`pack`] lays it out.
    Packed(*const f32),
    /// Row-major with this row stride; the number of columns must be a multiple of 16.
    Rows(*const f32, usize),
}

/// Result: row-major with a row stride; overwritten, or added to.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) start: *mut f32,
    pub(super) row: usize,
    pub(super) add: bool,
}

/// Where sums go, and what they are added to while they are in registers; null pointers add nothing.
#[derive(Clone, Copy)]
struct Sink {
    start: *mut f32,
    row: usize,
    /// A matrix with the row stride of the result, which it may be.
    old: *const f32,
    /// A row for all rows.
    bias: *const f32,
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
    fn at(self, row: usize, column: usize) -> Self {
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
    fn more(self) -> Self {
        Self {
            old: self.start,
            bias: null(),
            ..self
        }
    }
}

/// `c (+)= a · b` of an m × k and a k × n matrix on this thread.
///
/// # Safety
/// The matrices must hold these sizes; `L` must be proved by a [`Simd`].
#[inline(always)]
pub(super) unsafe fn block<L: Lanes>(size: (usize, usize, usize), a: Left, b: Right, c: Target) {
    // SAFETY: the caller's promise.
    unsafe { block_into::<L>(size, a, b, c.into()) }
}

#[inline(always)]
unsafe fn block_into<L: Lanes>((m, n, k): (usize, usize, usize), a: Left, b: Right, c: Sink) {
    let mut depth = 0;
    while depth < k {
        let deep = (k - depth).min(DEPTH);
        let c = if depth > 0 { c.more() } else { c };
        let mut j = 0;
        while j < n {
            let width = panel_width(n, j);
            // SAFETY: depth < k and j < n: inside the caller's matrices.
            let (b, ldb, a) = unsafe {
                let (b, ldb) = match b {
                    Right::Packed(start) => (start.add(j * k + depth * width), width),
                    Right::Rows(start, row) => (start.add(depth * row + j), row),
                };
                let a = Left {
                    start: a.start.add(depth * a.column),
                    ..a
                };
                (b, ldb, a)
            };
            let last = 16 - (j + width).saturating_sub(n);
            // SAFETY: the panel has `width` columns, of which those before `last` are written.
            unsafe { columns::<L>(m, (&[0], deep), a, (b, ldb), c.at(0, j), (width, last)) }
            j += PANEL;
        }
        depth += deep;
    }
}

multiversion! {
    /// [`block`] behind the run-time choice.
    pub(super) fn block_at<L>(size: (usize, usize, usize), a: Left, b: Right, c: Target) {
        // SAFETY: the callers of this module pass matrices of that size; `L` was proved by the `Simd`.
        unsafe { block_into::<L>(size, a, b, c.into()) }
    }
}

multiversion! {
    /// [`block_at`] with more to add than the result's old values.
    fn block_plus<L>(size: (usize, usize, usize), a: Left, b: Right, c: Sink) {
        // SAFETY: as in `block_at`.
        unsafe { block_into::<L>(size, a, b, c) }
    }
}
