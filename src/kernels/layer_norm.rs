//! Layer normalisation over rows.

use rayon::prelude::*;

use super::elementwise::{add_chunk, chunk_rows};
use super::simd::{Simd, multiversion};

/// Sum of `f(i)` for i below `count` in sixteen running sums: a fixed order that LLVM vectorises.
#[inline(always)]
pub(super) fn lane_sum(count: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0f32; 16];
    let whole = count / 16 * 16;
    for start in (0..whole).step_by(16) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    let mut rest: f32 = lanes.iter().sum();
    for i in whole..count {
        rest += f(i);
    }
    rest
}

/// Mean and 1 / standard deviation of a row.
#[inline(always)]
fn moments(row: &[f32], eps: f32) -> (f32, f32) {
    let scale = 1.0 / row.len() as f32;
    let mean = lane_sum(row.len(), |i| row[i]) * scale;
    let variance = lane_sum(row.len(), |i| (row[i] - mean) * (row[i] - mean)) * scale;
    (mean, 1.0 / (variance + eps).sqrt())
}

multiversion! {
    fn forward_rows<L>(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
        let width = weight.len();
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, eps);
            for i in 0..width {
                y[i] = (x[i] - mean) * scale * weight[i] + bias[i];
            }
        }
    }
}

multiversion! {
    /// dx over `gradient`; `sums` collects d weight, then d bias.
    fn backward_rows<L>(x: &[f32], weight: &[f32], eps: f32, gradient: &mut [f32], sums: &mut [f32]) {
        let width = weight.len();
        let (d_weight, d_bias) = sums.split_at_mut(width);
        for (x, g) in x.chunks_exact(width).zip(gradient.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, eps);
            let share = 1.0 / width as f32;
            let along = lane_sum(width, |i| g[i] * weight[i]) * share;
            let across = lane_sum(width, |i| g[i] * weight[i] * (x[i] - mean)) * share * scale;
            for i in 0..width {
                let unit = (x[i] - mean) * scale;
                d_weight[i] += g[i] * unit;
                d_bias[i] += g[i];
                g[i] = scale * (g[i] * weight[i] - along - unit * across);
            }
        }
    }
}

/// `y = (x − mean) / sqrt(var + eps) · weight + bias` for every row of `weight.len()` floats.
pub fn forward(simd: Simd, x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
    let chunk = chunk_rows(weight.len()) * weight.len();
    y.par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .for_each(|(y, x)| forward_rows(simd, x, weight, bias, eps, y));
}

/// Turns the gradient of the output into that of x, in place, plus `other`; returns d weight and d bias.
pub fn backward(
    simd: Simd,
    x: &[f32],
    weight: &[f32],
    eps: f32,
    gradient: &mut [f32],
    other: Option<&[f32]>,
) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let chunk = chunk_rows(width) * width;
    let parts: Vec<Vec<f32>> = gradient
        .par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .enumerate()
        .map(|(i, (gradient, x))| {
            let mut sums = vec![0.0; 2 * width];
            backward_rows(simd, x, weight, eps, gradient, &mut sums);
            if let Some(other) = other {
                add_chunk(simd, gradient, &other[i * chunk..][..x.len()]);
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; 2 * width];
    for part in &parts {
        for (total, value) in total.iter_mut().zip(part) {
            *total += value;
        }
    }
    let bias = total.split_off(width);
    (total, bias)
}
