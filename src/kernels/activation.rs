//! ReLU, GELU and tanh.

use rayon::prelude::*;

use super::elementwise::CHUNK;
use super::simd::{Simd, multiversion};

multiversion! {
    fn relu_chunk<L>(x: &[f32], y: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = if *x > 0.0 { *x } else { 0.0 };
        }
    }
}

multiversion! {
    fn relu_backward_chunk<L>(y: &[f32], gradient: &mut [f32]) {
        for (gradient, y) in gradient.iter_mut().zip(y) {
            *gradient = if *y > 0.0 { *gradient } else { 0.0 };
        }
    }
}

/// `y = max(0, x)`
pub fn relu(simd: Simd, x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK)
        .zip(x.par_chunks(CHUNK))
        .for_each(|(y, x)| relu_chunk(simd, x, y));
}

/// Turns the gradient of `y = max(0, x)` into that of x, in place: 0 where y = 0, as in PyTorch.
pub fn relu_backward(simd: Simd, y: &[f32], gradient: &mut [f32]) {
    gradient
        .par_chunks_mut(CHUNK)
        .zip(y.par_chunks(CHUNK))
        .for_each(|(gradient, y)| relu_backward_chunk(simd, y, gradient));
}

/// `exp(x)` for x <= 0 to about 1e-7 relative: 2ⁿ · 2ᶠ with a polynomial for |f| <= 1/2.
#[inline(always)]
pub(super) fn exp_negative(x: f32) -> f32 {
    let x = if x > -87.0 { x } else { -87.0 };
    // Next to 1.5 · 2²³ floats are whole numbers: adding it rounds, and leaves the number in the lowest bits.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let whole = shifted - 12_582_912.0;
    // The logarithm of 2 in two parts keeps the remainder exact.
    let rest = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let mut p = 1.0 / 5040.0;
    for c in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * rest + c;
    }
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// `Φ(x)` and `exp(−x²/2)`: the normal distribution, to 1e-7 (Abramowitz & Stegun 7.1.26).
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4f32;
    for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = p * t + c;
    }
    let bell = exp_negative(-z * z);
    let tail = 0.5 * p * t * bell; // 1 − Φ(|x|)
    (if x > 0.0 { 1.0 - tail } else { tail }, bell)
}

multiversion! {
    /// [`gelu`] on this thread.
    pub(super) fn gelu_chunk<L>(x: &[f32], y: &mut [f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * normal(x).0;
        }
    }
}

multiversion! {
    fn gelu_backward_chunk<L>(x: &[f32], gradient: &mut [f32]) {
        for (gradient, &x) in gradient.iter_mut().zip(x) {
            let (below, bell) = normal(x);
            *gradient *= below + x * bell * 0.398_942_3; // 1/√(2π)
        }
    }
}

multiversion! {
    fn tanh_backward_chunk<L>(y: &[f32], gradient: &mut [f32]) {
        for (gradient, y) in gradient.iter_mut().zip(y) {
            *gradient *= 1.0 - y * y;
        }
    }
}

/// `y = tanh(x)`
pub fn tanh(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK / 4)
        .zip(x.par_chunks(CHUNK / 4))
        .for_each(|(y, x)| {
            for (y, x) in y.iter_mut().zip(x) {
                *y = x.tanh();
            }
        });
}

/// Turns the gradient of `y = tanh(x)` into that of x, in place: times 1 − y².
pub fn tanh_backward(simd: Simd, y: &[f32], gradient: &mut [f32]) {
    gradient
        .par_chunks_mut(CHUNK)
        .zip(y.par_chunks(CHUNK))
        .for_each(|(gradient, y)| tanh_backward_chunk(simd, y, gradient));
}

/// `y = x · Φ(x)`, the exact GELU.
pub fn gelu(simd: Simd, x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK / 4)
        .zip(x.par_chunks(CHUNK / 4))
        .for_each(|(y, x)| gelu_chunk(simd, x, y));
}

/// Turns the gradient of `gelu(x)` into that of x, in place.
pub fn gelu_backward(simd: Simd, x: &[f32], gradient: &mut [f32]) {
    gradient
        .par_chunks_mut(CHUNK / 4)
        .zip(x.par_chunks(CHUNK / 4))
        .for_each(|(gradient, x)| gelu_backward_chunk(simd, x, gradient));
}
