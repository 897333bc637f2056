//! Whole matrix products on all threads.

use std::ptr::null;

use rayon::prelude::*;

use super::block::block_plus;
use super::matrices::{Left, PANEL, Right, Sink};
use super::pack::{pack_panel, packed_len, turn_panel};
use crate::kernels::product::product;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Simd, multiversion};
use crate::kernels::then::Then;

/// Rows of the result a task computes.
const ROWS: usize = 96;
/// Panels of columns of the result a task computes.
const GROUP: usize = 4;

/// How the right-hand matrix is stored.
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

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nothing.
    Zero,
    /// What the result holds.
    Old,
    /// A row added to all rows, and a matrix of the result's size.
    Sum {
        /// n floats.
        bias: Option<&'a [f32]>,
        /// m × n floats.
        residual: Option<&'a [f32]>,
    },
}

impl Start<'_> {
    /// What the part of the result at row `i` and column `j` is added to; the result is m × n.
    fn sink(&self, (m, n): (usize, usize), (i, j): (usize, usize), start: *mut f32) -> Sink {
        let (old, bias) = match *self {
            Self::Zero => (null(), null()),
            Self::Old => (start.cast_const(), null()),
            Self::Sum { bias, residual } => (
                residual.map_or(null(), |all| all[..m * n][i * n + j..].as_ptr()),
                bias.map_or(null(), |bias| bias[..n][j..].as_ptr()),
            ),
        };
        Sink {
            start,
            row: n,
            old,
            bias,
        }
    }
}

/// `c = start + a · b`; a is m × k, b is k × n, c is m × n, row-major.
///
/// `Order::Transposed` says that `b` holds the transpose: x · wᵀ with w stored n × k.
///
/// # Panics
/// A slice is shorter than its matrix.
pub fn matmul(
    simd: Simd,
    size: (usize, usize, usize),
    a: &[f32],
    b: (&[f32], Order),
    (c, start): (&mut [f32], Start),
    workspace: &mut [f32],
) {
    matmul_then(simd, size, a, b, (c, start), workspace, Then::Nothing);
}

/// [`matmul`], then `then` on every part of a row while it is in the caches.
pub(crate) fn matmul_then(
    simd: Simd,
    (m, n, k): (usize, usize, usize),
    a: &[f32],
    b: (&[f32], Order),
    (c, start): (&mut [f32], Start),
    workspace: &mut [f32],
    then: Then,
) {
    assert!(a.len() >= product([m, k]) && b.0.len() >= product([k, n]));
    assert!(c.len() >= product([m, n]));
    then.check(m * n);
    let then = then.shared();
    pack(simd, (n, k), b, workspace);
    let right = &*workspace;
    let target = Shared::new(c);
    // Tasks are row blocks times groups of panels: enough of them also where there are few rows.
    let (blocks, group) = (m.div_ceil(ROWS), GROUP * PANEL);
    (0..blocks * n.div_ceil(group))
        .into_par_iter()
        .for_each(|task| {
            let (i, j) = (task % blocks * ROWS, task / blocks * group);
            let (rows, columns) = ((m - i).min(ROWS), (n - j).min(group));
            let left = Left {
                start: a[i * k..].as_ptr(),
                row: k,
                column: 1,
            };
            let c = start.sink((m, n), (i, j), target.at(i * n + j));
            let right = Right::Packed(right[j * k..].as_ptr());
            // SAFETY: the matrices have these sizes (checked, and `b` just packed), and what is added has that of
            // `c` (checked by `sink`); every task has its own part of the result.
            unsafe { block_plus(simd, (rows, columns, k), left, right, c) };
            for row in i..i + rows {
                let place = row * n + j;
                // SAFETY: as above, and that part is written.
                unsafe { then.finish(simd, place, target.part(place, columns)) };
            }
        });
}

/// All panels of b.
fn pack(simd: Simd, (n, k): (usize, usize), (b, order): (&[f32], Order), workspace: &mut [f32]) {
    assert!(b.len() >= product([k, n]) && workspace.len() >= packed_len(k, n));
    let packed = Shared::new(workspace);
    (0..n.div_ceil(PANEL)).into_par_iter().for_each(|panel| {
        let (first, to) = (panel * PANEL, packed.at(0));
        match order {
            // SAFETY: `b` holds k · n floats, the workspace `packed_len`; every task writes its own panel.
            Order::Plain => unsafe { pack_panel(k, n, first, b.as_ptr(), (n, 1), to) },
            // SAFETY: as above.
            Order::Transposed => unsafe { turn(simd, (k, n), first, b, to) },
        }
    });
}

multiversion! {
    /// [`turn_panel`] of a whole matrix behind the run-time choice.
    ///
    /// # Safety
    /// `b` holds the matrix without gaps; else as for [`turn_panel`], but for the instructions.
    unsafe fn turn<L>(size: (usize, usize), first: usize, b: &[f32], to: *mut f32) {
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe { turn_panel::<L>(size, first, b.as_ptr(), size.0, to) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Level;

    #[cfg(not(miri))]
    const SIZES: [(usize, usize, usize); 5] = [
        (1, 1, 1),
        (7, 5, 3),
        (100, 130, 300),
        (13, 48, 17),
        (9, 96, 260),
    ];
    #[cfg(miri)]
    const SIZES: [(usize, usize, usize); 3] = [(1, 1, 1), (7, 70, 3), (5, 16, 130)];

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
            for (m, n, k) in SIZES {
                let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
                for order in [Order::Plain, Order::Transposed] {
                    let mut c = vec![1.0; m * n];
                    let mut space = vec![0.0; workspace(n, k)];
                    let target = (c.as_mut_slice(), Start::Old);
                    matmul(simd, (m, n, k), &a, (&b, order), target, &mut space);
                    for i in 0..m {
                        for j in 0..n {
                            let bt = |p| match order {
                                Order::Plain => b[p * n + j],
                                Order::Transposed => b[j * k + p],
                            };
                            let sum: f64 = (0..k)
                                .map(|p| f64::from(a[i * k + p]) * f64::from(bt(p)))
                                .sum();
                            let got = f64::from(c[i * n + j]) - 1.0;
                            assert!(
                                (got - sum).abs() < 1e-4,
                                "{level:?} {m}x{n}x{k}: {got} {sum}"
                            );
                        }
                    }
                }
            }
        }
    }
}
