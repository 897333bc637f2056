//! Products of vectors, and vectors at length 1.

use rayon::prelude::*;

/// `Σ a b`, in order.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rows that a task measures.
const ROWS: usize = 256;

/// 1 / max(‖row‖, 1e-12) of every row of `values` (N, D).
pub(super) fn inverse_norms(values: &[f32], dim: usize) -> Vec<f32> {
    let rows = values.par_chunks_exact(dim).with_min_len(ROWS);
    rows.map(|row| (1.0 / squares(row).sqrt().max(1e-12)) as f32)
        .collect()
}

/// `Σ x²`, eight sums at a time.
fn squares(row: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    let eights = row.chunks_exact(8);
    let rest = eights.remainder();
    let rest: f64 = rest.iter().map(|x| f64::from(*x).powi(2)).sum();
    for eight in eights {
        for (sum, x) in sums.iter_mut().zip(eight) {
            *sum += f64::from(*x).powi(2);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The rows of `values` (N, D) at length 1 (a zero row stays zero).
pub(crate) fn normalized(values: &[f32], dim: usize) -> Vec<f32> {
    let scales = inverse_norms(values, dim);
    let mut out = values.to_vec();
    out.par_chunks_exact_mut(dim)
        .with_min_len(ROWS)
        .zip(scales)
        .for_each(|(row, scale)| row.iter_mut().for_each(|v| *v *= scale));
    out
}
