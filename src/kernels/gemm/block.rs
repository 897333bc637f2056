//! A product of two matrices, panel by panel and depth by depth.

use super::matrices::{DEPTH, Left, PANEL, Right, Sink, Target};
use super::micro::columns;
use super::pack::panel_width;
use crate::kernels::simd::{Lanes, multiversion};

/// `c (+)= a · b` of an m × k and a k × n matrix on this thread; the size is (m, n, k).
///
/// # Safety
/// The matrices hold these sizes, a packed `b` whole panels; `c` overlaps neither, and nothing else touches it
/// meanwhile. The processor has the instructions of `L`.
#[inline(always)]
pub(in crate::kernels) unsafe fn block<L: Lanes>(
    size: (usize, usize, usize),
    a: Left,
    b: Right,
    c: Target,
) {
    // SAFETY: the caller's promise.
    unsafe { block_into::<L>(size, a, b, c.into()) }
}

/// [`block`] with more to add than the result's old values.
///
/// # Safety
/// As for [`block`]; what is added holds the result's size.
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
    ///
    /// # Safety
    /// As for [`block`], but for the instructions.
    pub(in crate::kernels) unsafe fn block_at<L>(size: (usize, usize, usize), a: Left, b: Right, c: Target) {
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe { block::<L>(size, a, b, c) }
    }
}

multiversion! {
    /// [`block_at`] with more to add than the result's old values.
    ///
    /// # Safety
    /// As for [`block_at`]; what is added holds the result's size.
    pub(super) unsafe fn block_plus<L>(size: (usize, usize, usize), a: Left, b: Right, c: Sink) {
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe { block_into::<L>(size, a, b, c) }
    }
}
