//! Sums of tensors, bias, and sums over rows.

use rayon::prelude::*;

use super::simd::{Simd, multiversion};

/// Floats a task handles.
pub(super) const CHUNK: usize = 64 * 1024;

multiversion! {
    /// `to += from` on this thread.
    pub(super) fn add_chunk<L>(to: &mut [f32], from: &[f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

multiversion! {
    fn add_rows_chunk<L>(to: &mut [f32], row: &[f32]) {
        for to in to.chunks_exact_mut(row.len()) {
            for (to, value) in to.iter_mut().zip(row) {
                *to += value;
            }
        }
    }
}

multiversion! {
    fn scale_chunk<L>(to: &mut [f32], factor: f32) {
        for to in to {
            *to *= factor;
        }
    }
}

/// `to = factors · to + residual`, one factor for each of the equal parts of `to`.
pub fn scale_parts(simd: Simd, to: &mut [f32], factors: &[f32], residual: Option<&[f32]>) {
    let len = (to.len() / factors.len().max(1)).max(1);
    let parts = to.par_chunks_exact_mut(len).zip(factors).enumerate();
    parts.for_each(|(i, (to, &factor))| {
        if factor == 0.0 {
            to.fill(0.0);
        } else {
            scale_chunk(simd, to, factor);
        }
        if let Some(residual) = residual {
            add_chunk(simd, to, &residual[i * len..(i + 1) * len]);
        }
    });
}

/// `to += from`
pub fn add(simd: Simd, to: &mut [f32], from: &[f32]) {
    to.par_chunks_mut(CHUNK)
        .zip(from.par_chunks(CHUNK))
        .for_each(|(to, from)| add_chunk(simd, to, from));
}

/// `y = a + b`
pub fn sum(simd: Simd, a: &[f32], b: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK)
        .zip(a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK)))
        .for_each(|(y, (a, b))| {
            y.copy_from_slice(a);
            add_chunk(simd, y, b);
        });
}

/// Rows of `width` floats that a task handles.
pub(super) fn chunk_rows(width: usize) -> usize {
    (CHUNK / width).clamp(16, 1024)
}

/// Add `row` (a bias) to every row of `to`.
pub fn add_rows(simd: Simd, to: &mut [f32], row: &[f32]) {
    to.par_chunks_mut(chunk_rows(row.len()) * row.len())
        .for_each(|to| add_rows_chunk(simd, to, row));
}

/// Sum over the rows of `x`: the gradient of a bias of `total.len()` floats.
pub fn row_sums(simd: Simd, x: &[f32], total: &mut [f32]) {
    let width = total.len();
    let parts: Vec<Vec<f32>> = x
        .par_chunks(chunk_rows(width) * width)
        .map(|rows| {
            let mut sums = vec![0.0; width];
            for row in rows.chunks_exact(width) {
                add_chunk(simd, &mut sums, row);
            }
            sums
        })
        .collect();
    total.fill(0.0);
    for part in &parts {
        add_chunk(simd, total, part);
    }
}

/// Adds all of the equal `parts` of `all` into the first, which is returned.
pub(super) fn sum_into_first(simd: Simd, all: &mut [f32], parts: usize) -> &[f32] {
    let len = all.len() / parts;
    let (first, others) = all.split_at_mut(len);
    first.par_chunks_mut(CHUNK).enumerate().for_each(|(i, to)| {
        for part in others.chunks_exact(len.max(1)) {
            add_chunk(simd, to, &part[i * CHUNK..]);
        }
    });
    first
}

/// To `to` what lies from `first` on in each of the equal `parts` of `all`, summed.
pub(super) fn sum_parts(simd: Simd, all: &[f32], parts: usize, first: usize, to: &mut [f32]) {
    let len = all.len() / parts;
    assert!(first + to.len() <= len);
    to.par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, to)| {
            let start = first + chunk * CHUNK;
            to.copy_from_slice(&all[start..][..to.len()]);
            for part in 1..parts {
                add_chunk(simd, to, &all[part * len + start..][..to.len()]);
            }
        });
}
