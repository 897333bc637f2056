//! Matrix products: a register-tiled micro-kernel, packing of the right-hand side, a parallel driver.

use rayon::prelude::*;

use super::shared::Shared;
use super::simd::{Lanes, Simd, multiversion};
use super::scratch;

/// Columns of a packed panel: four 16-lane vectors.
pub(super) const PANEL: usize = 64;
/// Depth of the product between two visits of the result: a panel of it stays in the first cache.
const DEPTH: usize = 128;
/// Rows of the result a task computes.
const ROWS: usize = 96;

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
#[inline(always)]
unsafe fn micro<L: Lanes, const MR: usize, const NZ: usize>(
    k: usize,
    a: Left,
    b: *const f32,
    ldb: usize,
    c: Target,
    last: usize,
) {
    // SAFETY: the caller's matrices hold MR rows and NZ vectors from these starts.
    unsafe {
        let mut sums = [[L::splat(0.0); NZ]; MR];
        let (mut ap, mut bp) = (a.start, b);
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
    (m, k): (usize, usize),
    a: Left,
    b: *const f32,
    ldb: usize,
    c: Target,
    last: usize,
) {
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
        while i + MR <= m {
            let (a, c) = at(i);
            micro::<L, MR, NZ>(k, a, b, ldb, c, last);
            i += MR;
        }
        if MR > 8 && i + 8 <= m {
            let (a, c) = at(i);
            micro::<L, 8, NZ>(k, a, b, ldb, c, last);
            i += 8;
        }
        if MR > 4 && i + 4 <= m {
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
            let size = (m, deep);
            // SAFETY: the panel has `width` columns, of which those before `last` are written.
            unsafe {
                if L::WIDE {
                    match width / 16 {
                        1 => column::<L, 16, 1>(size, a, b, ldb, c, last),
                        2 => column::<L, 12, 2>(size, a, b, ldb, c, last),
                        3 => column::<L, 8, 3>(size, a, b, ldb, c, last),
                        _ => column::<L, 6, 4>(size, a, b, ldb, c, last),
                    }
                } else {
                    for z in (0..width).step_by(16) {
                        let last = if z + 16 == width { last } else { 16 };
                        let c = Target {
                            start: c.start.add(z),
                            ..c
                        };
                        column::<L, 6, 1>(size, a, b.add(z), ldb, c, last);
                    }
                }
            }
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

/// How a matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Row after row.
    Plain,
    /// Column after column: the transpose is stored.
    Transposed,
}

/// Floats of workspace that [`matmul`] needs.
#[must_use]
pub fn workspace(n: usize, k: usize) -> usize {
    packed_len(k, n)
}

/// `c = a · b`, or `c += a · b` when `add`; a is m × k, b is k × n, c is m × n, row-major.
///
/// `Order::Transposed` says that a slice holds the transpose: `matmul(.., (m, n, k), (x, Plain), (w, Transposed), ..)`
/// is x · wᵀ with w stored n × k.
///
/// # Panics
/// A slice is shorter than its matrix.
pub fn matmul(
    simd: Simd,
    (m, n, k): (usize, usize, usize),
    (a, a_order): (&[f32], Order),
    (b, b_order): (&[f32], Order),
    (c, add): (&mut [f32], bool),
    workspace: &mut [f32],
) {
    assert!(a.len() >= m * k && b.len() >= k * n && c.len() >= m * n);
    assert!(workspace.len() >= packed_len(k, n));
    let packed = Shared::new(workspace);
    let source = (b.as_ptr() as usize, b_order);
    let panels = n.div_ceil(PANEL);
    (0..panels).into_par_iter().for_each(|panel| {
        let strides = match source.1 {
            Order::Plain => (n, 1),
            Order::Transposed => (1, k),
        };
        // SAFETY: `b` holds k · n floats, the workspace `packed_len`; every task writes its own panel.
        unsafe {
            pack_panel(
                k,
                n,
                panel * PANEL,
                source.0 as *const f32,
                strides,
                packed.at(0),
            );
        }
    });
    let target = Shared::new(c);
    // Tasks are row blocks times groups of panels: enough of them also where there are few rows.
    let (blocks, group) = (m.div_ceil(ROWS), 4);
    let groups = panels.div_ceil(group);
    let left = a.as_ptr() as usize;
    (0..blocks * groups).into_par_iter().for_each(|task| {
        let (i, j) = (task % blocks * ROWS, task / blocks * group * PANEL);
        let (rows, columns) = ((m - i).min(ROWS), (n - j).min(group * PANEL));
        let run = |a: Left| {
            let b = Right::Packed(packed.at(j * k));
            let c = Target {
                start: target.at(i * n + j),
                row: n,
                add,
            };
            block_at(simd, (rows, columns, k), a, b, c);
        };
        match a_order {
            Order::Plain => run(Left {
                start: (left as *const f32).wrapping_add(i * k),
                row: k,
                column: 1,
            }),
            // Columns of a stored transpose lie a whole row apart: gather them first.
            Order::Transposed => scratch::with(rows * k, |columns| {
                for (p, to) in columns.chunks_exact_mut(rows).enumerate() {
                    to.copy_from_slice(&a[p * m + i..p * m + i + rows]);
                }
                run(Left {
                    start: columns.as_ptr(),
                    row: 1,
                    column: rows,
                });
            }),
        }
    });
}


#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Level;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn all_orders_sizes_and_levels_agree_with_the_definition() {
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            let simd = Simd::at_most(level);
            for (m, n, k) in [(1, 1, 1), (7, 5, 3), (100, 130, 300), (13, 48, 17), (9, 96, 260)] {
                let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
                for (oa, ob) in [
                    (Order::Plain, Order::Plain),
                    (Order::Plain, Order::Transposed),
                    (Order::Transposed, Order::Plain),
                ] {
                    let mut c = vec![1.0; m * n];
                    let mut space = vec![0.0; workspace(n, k)];
                    matmul(simd, (m, n, k), (&a, oa), (&b, ob), (&mut c, true), &mut space);
                    for i in 0..m {
                        for j in 0..n {
                            let at = |p| match oa {
                                Order::Plain => a[i * k + p],
                                Order::Transposed => a[p * m + i],
                            };
                            let bt = |p| match ob {
                                Order::Plain => b[p * n + j],
                                Order::Transposed => b[j * k + p],
                            };
                            let sum: f64 = (0..k).map(|p| f64::from(at(p)) * f64::from(bt(p))).sum();
                            let got = f64::from(c[i * n + j]) - 1.0;
                            assert!((got - sum).abs() < 1e-4, "{level:?} {m}x{n}x{k}: {got} {sum}");
                        }
                    }
                }
            }
        }
    }
}
