//! The logarithm of a sum of Gibbs weights, row by row, and its gradient.

use rayon::prelude::*;

use super::activation::exp_negative;
use super::simd::{Simd, multiversion};

/// Rows a task handles.
const ROWS: usize = 32;
/// Partial results of a reduction.
const LANES: usize = 16;

/// Fold `row` in lanes, so that LLVM can vectorise it.
#[inline(always)]
fn fold(row: &[f32], start: f32, step: impl Fn(f32, f32) -> f32, join: fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = step(lanes[i], chunk[i]);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = step(*lane, *x);
    }
    lanes.into_iter().fold(start, join)
}

/// `exp(x)` for x <= 0; not a number stays that.
#[inline(always)]
fn weight(x: f32) -> f32 {
    if x.is_nan() { x } else { exp_negative(x) }
}

multiversion! {
    /// The lowest energy of a row, and the sum of the weights relative to it.
    fn forward_row<L>(beta: f32, right: &[f32], wrong: &[f32]) -> (f32, f32) {
        let low = |low: f32, e: f32| if e < low { e } else { low };
        let lowest = fold(wrong, fold(right, f32::INFINITY, low, low), low, low);
        let add = |sum: f32, e: f32| sum + weight((lowest - e) * beta);
        let plus = |a: f32, b: f32| a + b;
        (lowest, fold(right, 0.0, add, plus) + fold(wrong, 0.0, add, plus))
    }
}

multiversion! {
    fn backward_row<L>(beta: f32, e: &[f32], value: f32, upstream: f32, to: &mut [f32]) {
        for (to, e) in to.iter_mut().zip(e) {
            *to = -weight((-value - e) * beta) * upstream;
        }
    }
}

/// `out[n] = (1/beta) · log Σ exp(−beta · E)` over `p` energies of `right` and `k` of `wrong`, n rows of each.
///
/// # Panics
/// The slices do not hold `out.len()` rows.
pub fn forward(
    simd: Simd,
    beta: f32,
    (p, right): (usize, &[f32]),
    (k, wrong): (usize, &[f32]),
    out: &mut [f32],
) {
    assert!(right.len() == p * out.len() && wrong.len() == k * out.len());
    out.par_chunks_mut(ROWS)
        .enumerate()
        .for_each(|(task, out)| {
            for (i, out) in out.iter_mut().enumerate() {
                let n = task * ROWS + i;
                let (right, wrong) = (&right[n * p..][..p], &wrong[n * k..][..k]);
                let (lowest, sum) = forward_row(simd, beta, right, wrong);
                *out = sum.ln() / beta - lowest;
            }
        });
}

/// The gradient of [`forward`] by `k` energies a row, given its `value` and the gradient `upstream` of it:
/// `−exp(−beta · (E + value)) · upstream`.
///
/// # Panics
/// The slices do not hold `value.len()` rows.
pub fn backward(
    simd: Simd,
    beta: f32,
    (k, energies): (usize, &[f32]),
    value: &[f32],
    upstream: &[f32],
    to: &mut [f32],
) {
    assert!(energies.len() == k * value.len() && to.len() == energies.len());
    assert_eq!(upstream.len(), value.len());
    to.par_chunks_mut(ROWS * k.max(1))
        .enumerate()
        .for_each(|(task, to)| {
            for (i, to) in to.chunks_exact_mut(k).enumerate() {
                let n = task * ROWS + i;
                backward_row(
                    simd,
                    beta,
                    &energies[n * k..][..k],
                    value[n],
                    upstream[n],
                    to,
                );
            }
        });
}
