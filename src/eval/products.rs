//! Products of vectors and of row-major matrices on one thread, the latter through faer (callers spread blocks over threads).

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// `Σ a b`, in order.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `out` (N, M) = `a` (N, D) · `b` (M, D)ᵀ in f32.
pub(super) fn rows_by_rows(a: &[f32], b: &[f32], dim: usize, out: &mut [f32]) {
    let (n, m) = (a.len() / dim, b.len() / dim);
    matmul(
        MatMut::from_row_major_slice_mut(out, n, m),
        Accum::Replace,
        MatRef::from_row_major_slice(a, n, dim),
        MatRef::from_row_major_slice(b, m, dim).transpose(),
        1.0,
        Par::Seq,
    );
    clear_vector_registers();
}

/// `out` (N, M) = `a` (N, D) · `b` (D, M) in f64.
pub(super) fn times(a: &[f64], b: &[f64], dim: usize, out: &mut [f64]) {
    let (n, m) = (a.len() / dim, b.len() / dim);
    matmul(
        MatMut::from_row_major_slice_mut(out, n, m),
        Accum::Replace,
        MatRef::from_row_major_slice(a, n, dim),
        MatRef::from_row_major_slice(b, dim, m),
        1.0,
        Par::Seq,
    );
    clear_vector_registers();
}

/// `out` (D, M) += `a` (N, D)ᵀ · `b` (N, M) in f64.
pub(super) fn add_transposed_times(a: &[f64], b: &[f64], rows: usize, out: &mut [f64]) {
    let (d, m) = (a.len() / rows, b.len() / rows);
    matmul(
        MatMut::from_row_major_slice_mut(out, d, m),
        Accum::Add,
        MatRef::from_row_major_slice(a, rows, d).transpose(),
        MatRef::from_row_major_slice(b, rows, m),
        1.0,
        Par::Seq,
    );
    clear_vector_registers();
}

/// Zero the upper halves of the vector registers, which faer's AVX products leave filled.
///
/// With them filled, every later `exp` or `ln` of this thread is some ten times slower on Intel processors, which
/// then save and merge the halves at each switch between old and new vector code.
pub(super) fn clear_vector_registers() {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx) = faer::traits::pulp::core_arch::x86::Avx::try_new() {
        avx._mm256_zeroupper();
    }
}

/// 1 / max(‖row‖, 1e-12) of every row of `values` (N, D).
pub(super) fn inverse_norms(values: &[f32], dim: usize) -> Vec<f32> {
    let norm = |row: &[f32]| {
        row.iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    values
        .chunks_exact(dim)
        .map(|row| (1.0 / norm(row).max(1e-12)) as f32)
        .collect()
}

/// The rows of `values` (N, D) at length 1 (a zero row stays zero).
pub(super) fn normalized(values: &[f32], dim: usize) -> Vec<f32> {
    let scales = inverse_norms(values, dim);
    let mut out = values.to_vec();
    for (row, scale) in out.chunks_exact_mut(dim).zip(scales) {
        for v in row {
            *v *= scale;
        }
    }
    out
}
