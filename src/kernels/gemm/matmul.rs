//! Whole matrix products on all threads.

use rayon::prelude::*;

use super::{Left, PANEL, Right, Target, block_at, pack_panel, packed_len};
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::Simd;

/// Rows of the result a task computes.
const ROWS: usize = 96;

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
            for (m, n, k) in [
                (1, 1, 1),
                (7, 5, 3),
                (100, 130, 300),
                (13, 48, 17),
                (9, 96, 260),
            ] {
                let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
                for (oa, ob) in [
                    (Order::Plain, Order::Plain),
                    (Order::Plain, Order::Transposed),
                    (Order::Transposed, Order::Plain),
                ] {
                    let mut c = vec![1.0; m * n];
                    let mut space = vec![0.0; workspace(n, k)];
                    matmul(
                        simd,
                        (m, n, k),
                        (&a, oa),
                        (&b, ob),
                        (&mut c, true),
                        &mut space,
                    );
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
                            let sum: f64 =
                                (0..k).map(|p| f64::from(at(p)) * f64::from(bt(p))).sum();
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
