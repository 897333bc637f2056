//! Global response normalisation: channels of an image relative to their mean length.

use rayon::prelude::*;

use super::elementwise::add_chunk;
use super::simd::{Simd, multiversion};

/// Added to the squared length of a channel, so that its root has a gradient.
const LEAST: f32 = 1e-24;

/// The length of every channel, and the mean length plus `eps`.
#[inline(always)]
fn lengths(x: &[f32], channels: usize, eps: f32) -> (Vec<f32>, f32) {
    let mut length = vec![0.0; channels];
    for row in x.chunks_exact(channels) {
        for (sum, x) in length.iter_mut().zip(row) {
            *sum += x * x;
        }
    }
    for value in &mut length {
        *value = (*value + LEAST).sqrt();
    }
    let mean = length.iter().sum::<f32>() / channels as f32 + eps;
    (length, mean)
}

multiversion! {
    fn forward_image<L>(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
        let c = weight.len();
        let (mut factor, mean) = lengths(x, c, eps);
        for (factor, weight) in factor.iter_mut().zip(weight) {
            *factor = 1.0 + *factor / mean * weight;
        }
        for (x, y) in x.chunks_exact(c).zip(y.chunks_exact_mut(c)) {
            for i in 0..c {
                y[i] = x[i] * factor[i] + bias[i];
            }
        }
    }
}

multiversion! {
    /// dx over the gradient `g`; adds d weight and d bias to `sums`.
    fn backward_image<L>(x: &[f32], weight: &[f32], eps: f32, g: &mut [f32], sums: &mut [f32]) {
        let c = weight.len();
        let (length, mean) = lengths(x, c, eps);
        let mut along = vec![0.0; c]; // Σ over positions of g · x
        let (by_weight, by_bias) = sums.split_at_mut(c);
        for (x, g) in x.chunks_exact(c).zip(g.chunks_exact(c)) {
            for i in 0..c {
                along[i] += g[i] * x[i];
                by_bias[i] += g[i];
            }
        }
        // n = length / mean, so d loss / d length_j = w_j a_j / mean − (Σ w a length) / (mean² C).
        let mut shared = 0.0;
        for i in 0..c {
            by_weight[i] += along[i] * length[i] / mean;
            shared += weight[i] * along[i] * length[i];
        }
        shared /= mean * mean * c as f32;
        let mut outer = vec![0.0; c];
        let mut inner = vec![0.0; c];
        for i in 0..c {
            outer[i] = 1.0 + weight[i] * length[i] / mean;
            inner[i] = (weight[i] * along[i] / mean - shared) / length[i];
        }
        for (x, g) in x.chunks_exact(c).zip(g.chunks_exact_mut(c)) {
            for i in 0..c {
                g[i] = g[i] * outer[i] + x[i] * inner[i];
            }
        }
    }
}

/// `y = x + bias + weight · x · n` for every image of `image` numbers.
pub fn forward(
    simd: Simd,
    image: usize,
    x: &[f32],
    (weight, bias): (&[f32], &[f32]),
    eps: f32,
    y: &mut [f32],
) {
    y.par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .for_each(|(y, x)| forward_image(simd, x, weight, bias, eps, y));
}

/// Turns the gradient of the output into that of x, in place; returns d weight and d bias.
pub fn backward(
    simd: Simd,
    image: usize,
    x: &[f32],
    weight: &[f32],
    eps: f32,
    gradient: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let parts: Vec<Vec<f32>> = gradient
        .par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .map(|(g, x)| {
            let mut sums = vec![0.0; 2 * weight.len()];
            backward_image(simd, x, weight, eps, g, &mut sums);
            sums
        })
        .collect();
    let mut total = vec![0.0; 2 * weight.len()];
    for part in &parts {
        add_chunk(simd, &mut total, part);
    }
    let bias = total.split_off(weight.len());
    (total, bias)
}
