//! Matrix products on one thread: a register-tiled micro-kernel and packing of the right-hand side.

mod matmul;
mod over_rows;
mod sweep;

pub(super) use matmul::matmul_then;
pub use matmul::{Order, Start, matmul, workspace};
pub use over_rows::{over_rows, over_rows_workspace};
pub(super) use sweep::{Run, sweep};

use super::simd::{Lanes, multiversion};

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

/// Floats that [`pack`] needs for a matrix of `depth` rows and `columns` columns.
pub(super) const fn packed_len(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(16)
}

/// Width of the panel that starts at `column`, rounded up to whole vectors.
pub(super) fn panel_width(columns: usize, column: usize) -> usize {
    (columns - column).min(PANEL).next_multiple_of(16)
}

/// Lay a `depth` × `columns` matrix, element (p, j) at `b[p · row + j · column]`, out in panels of 64 columns
/// (the last narrower, padded with zeros to whole vectors), each row-major.
///
/// # Safety
/// `to` must be valid for `packed_len(depth, columns)` floats, `b` for every element.
#[inline(always)]
pub(super) unsafe fn pack_panel(
    depth: usize,
    columns: usize,
    first: usize,
    b: *const f32,
    (row, column): (usize, usize),
    to: *mut f32,
) {
    let width = panel_width(columns, first);
    let valid = (columns - first).min(width);
    // SAFETY: the panel starts after `first` full columns; reads stay inside the matrix.
    unsafe {
        let to = to.add(first * depth);
        for p in 0..depth {
            let (from, to) = (b.add(p * row + first * column), to.add(p * width));
            if column == 1 {
                std::ptr::copy_nonoverlapping(from, to, valid);
            } else {
                for j in 0..valid {
                    *to.add(j) = *from.add(j * column);
                }
            }
            for j in valid..width {
                *to.add(j) = 0.0;
            }
        }
    }
}

/// `MR` × (`NZ` · 16) products: all sums live in registers. `last` lanes of the last vector are valid.
///
/// The sums run over `k` places of the left-hand side from each of `starts` on; the right-hand side follows on.
#[inline(always)]
unsafe fn micro<L: Lanes, const MR: usize, const NZ: usize>(
    (starts, k): (&[usize], usize),
    a: Left,
    b: *const f32,
    ldb: usize,
    c: Target,
    last: usize,
) {
    // SAFETY: the caller's matrices hold MR rows and NZ vectors from these starts.
    unsafe {
        let mut sums = [[L::splat(0.0); NZ]; MR];
        let mut bp = b;
        for &start in starts {
            let mut ap = a.start.add(start);
            for _ in 0..k {
                let mut row = [L::splat(0.0); NZ];
                for j in 0..NZ {
                    row[j] = L::load(bp.add(16 * j));
                }
                for i in 0..MR {
                    let factor = L::splat(*ap.add(i * a.row));
                    for j in 0..NZ {
                        sums[i][j] = factor.fma(row[j], sums[i][j]);
                    }
                }
                ap = ap.add(a.column);
                bp = bp.add(ldb);
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                let to = c.start.add(i * c.row + 16 * j);
                if j + 1 < NZ || last == 16 {
                    let sum = if c.add { L::load(to).add(sum) } else { sum };
                    sum.store(to);
                } else {
                    let old = L::load_some(to, last);
                    let sum = if c.add { old.add(sum) } else { sum };
                    sum.store_some(to, last);
                }
            }
        }
    }
}

/// All rows of one panel part: `MR` at a time, then 8, 4, 2, 1.
#[inline(always)]
unsafe fn column<L: Lanes, const MR: usize, const NZ: usize>(
    m: usize,
    k: (&[usize], usize),
    a: Left,
    b: *const f32,
    ldb: usize,
    c: Target,
    last: usize,
) {
    // Two equal parts are faster than a whole and a third of one.
    let pair = match MR {
        12 => 16,
        6 => 8,
        _ => 0,
    };
    let mut i = 0;
    // SAFETY: rows i .. i + step lie inside the caller's matrices.
    unsafe {
        let at = |i: usize| {
            let a = Left {
                start: a.start.add(i * a.row),
                ..a
            };
            let c = Target {
                start: c.start.add(i * c.row),
                ..c
            };
            (a, c)
        };
        while i + MR <= m && m - i != pair {
            let (a, c) = at(i);
            micro::<L, MR, NZ>(k, a, b, ldb, c, last);
            i += MR;
        }
        while MR > 8 && i + 8 <= m {
            let (a, c) = at(i);
            micro::<L, 8, NZ>(k, a, b, ldb, c, last);
            i += 8;
        }
        while MR > 4 && i + 4 <= m {
            let (a, c) = at(i);
            micro::<L, 4, NZ>(k, a, b, ldb, c, last);
            i += 4;
        }
        if i + 2 <= m {
            let (a, c) = at(i);
            micro::<L, 2, NZ>(k, a, b, ldb, c, last);
            i += 2;
        }
        while i < m {
            let (a, c) = at(i);
            micro::<L, 1, NZ>(k, a, b, ldb, c, last);
            i += 1;
        }
    }
}

/// [`column`] with the micro-kernel that fits a panel of `width` columns.
#[inline(always)]
unsafe fn columns<L: Lanes>(
    m: usize,
    k: (&[usize], usize),
    a: Left,
    (b, ldb): (*const f32, usize),
    c: Target,
    (width, last): (usize, usize),
) {
    // SAFETY: the caller's matrices hold these rows and columns.
    unsafe {
        if L::WIDE {
            match width / 16 {
                1 => column::<L, 8, 1>(m, k, a, b, ldb, c, last),
                2 => column::<L, 8, 2>(m, k, a, b, ldb, c, last),
                3 => column::<L, 8, 3>(m, k, a, b, ldb, c, last),
                _ => column::<L, 6, 4>(m, k, a, b, ldb, c, last),
            }
        } else {
            for z in (0..width).step_by(16) {
                let last = if z + 16 == width { last } else { 16 };
                let c = Target {
                    start: c.start.add(z),
                    ..c
                };
                column::<L, 6, 1>(m, k, a, b.add(z), ldb, c, last);
            }
        }
    }
}

/// `c (+)= a · b` of an m × k and a k × n matrix on this thread.
///
/// # Safety
/// The matrices must hold these sizes; `L` must be proved by a [`Simd`].
#[inline(always)]
pub(super) unsafe fn block<L: Lanes>(
    (m, n, k): (usize, usize, usize),
    a: Left,
    b: Right,
    c: Target,
) {
    let mut depth = 0;
    while depth < k {
        let deep = (k - depth).min(DEPTH);
        let add = c.add || depth > 0;
        let mut j = 0;
        while j < n {
            let width = panel_width(n, j);
            // SAFETY: depth < k and j < n: inside the caller's matrices.
            let (b, ldb, a, c) = unsafe {
                let (b, ldb) = match b {
                    Right::Packed(start) => (start.add(j * k + depth * width), width),
                    Right::Rows(start, row) => (start.add(depth * row + j), row),
                };
                let a = Left {
                    start: a.start.add(depth * a.column),
                    ..a
                };
                let c = Target {
                    start: c.start.add(j),
                    add,
                    ..c
                };
                (b, ldb, a, c)
            };
            let last = 16 - (j + width).saturating_sub(n);
            // SAFETY: the panel has `width` columns, of which those before `last` are written.
            unsafe { columns::<L>(m, (&[0], deep), a, (b, ldb), c, (width, last)) }
            j += PANEL;
        }
        depth += deep;
    }
}

multiversion! {
    /// [`block`] behind the run-time choice.
    pub(super) fn block_at<L>(size: (usize, usize, usize), a: Left, b: Right, c: Target) {
        // SAFETY: the callers of this module pass matrices of that size; `L` was proved by the `Simd`.
        unsafe { block::<L>(size, a, b, c) }
    }
}
