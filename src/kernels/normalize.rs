//! Rows at length 1, and the energy of their products.

use rayon::prelude::*;

use super::elementwise::{CHUNK, chunk_rows};
use super::layer_norm::lane_sum;
use super::simd::{Simd, multiversion};

/// Least length that a row is divided by.
const LEAST: f32 = 1e-12;

multiversion! {
    fn forward_rows<L>(dim: usize, x: &[f32], y: &mut [f32], norms: &mut [f32]) {
        for ((x, y), norm) in x.chunks_exact(dim).zip(y.chunks_exact_mut(dim)).zip(norms) {
            *norm = lane_sum(dim, |i| x[i] * x[i]).max(LEAST * LEAST).sqrt();
            for (y, x) in y.iter_mut().zip(x) {
                *y = x / *norm;
            }
        }
    }
}

multiversion! {
    fn backward_rows<L>(dim: usize, y: &[f32], norms: &[f32], gradient: &mut [f32]) {
        for ((y, g), norm) in y.chunks_exact(dim).zip(gradient.chunks_exact_mut(dim)).zip(norms) {
            // At the least length the norm is a constant.
            let along = if *norm > LEAST { lane_sum(dim, |i| y[i] * g[i]) } else { 0.0 };
            for (g, y) in g.iter_mut().zip(y) {
                *g = (y * along - *g) / *norm;
            }
        }
    }
}

multiversion! {
    fn one_minus_chunk<L>(x: &mut [f32]) {
        for x in x {
            *x = 1.0 - *x;
        }
    }
}

/// `y = x / |x|`, row by row of `dim` floats, `|x|` at least 1e-12, which goes to `norms`.
pub fn forward(simd: Simd, dim: usize, x: &[f32], y: &mut [f32], norms: &mut [f32]) {
    let rows = chunk_rows(dim);
    x.par_chunks(rows * dim)
        .zip(y.par_chunks_mut(rows * dim))
        .zip(norms.par_chunks_mut(rows))
        .for_each(|((x, y), norms)| forward_rows(simd, dim, x, y, norms));
}

/// Turns the gradient g by `−y`, with y and norms of [`forward`], into that by x, in place:
/// `(y · (y·g) − g) / |x|`, row by row.
pub fn backward_of_negated(simd: Simd, dim: usize, y: &[f32], norms: &[f32], gradient: &mut [f32]) {
    let rows = chunk_rows(dim);
    gradient
        .par_chunks_mut(rows * dim)
        .zip(y.par_chunks(rows * dim))
        .zip(norms.par_chunks(rows))
        .for_each(|((g, y), norms)| backward_rows(simd, dim, y, norms, g));
}

/// `x = 1 − x`
pub fn one_minus(simd: Simd, x: &mut [f32]) {
    x.par_chunks_mut(CHUNK)
        .for_each(|x| one_minus_chunk(simd, x));
}
