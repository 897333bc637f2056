//! Sigmoid and the activations made of it.

use rayon::prelude::*;

use super::activation::exp_negative;
use super::elementwise::CHUNK;
use super::simd::{Simd, multiversion};

/// A function of single numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// `1 / (1 + exp(−x))`
    Sigmoid,
    /// `x · sigmoid(x)`, also called swish (Ramachandran et al. 2017).
    Silu,
    /// `min(max(x + 3, 0), 6) / 6`
    HardSigmoid,
    /// `x · hard_sigmoid(x)` (Howard et al. 2019).
    HardSwish,
    /// `x · sigmoid(1.702 x)`, CLIP's approximation of the GELU (Hendrycks & Gimpel 2016).
    QuickGelu,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sigmoid,
        Self::Silu,
        Self::HardSigmoid,
        Self::HardSwish,
        Self::QuickGelu,
    ];
}

/// Factor of the quick GELU.
const QUICK: f32 = 1.702;

#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = exp_negative(-x.abs());
    let share = 1.0 / (1.0 + e);
    if x >= 0.0 { share } else { e * share }
}

/// The slope of `x · sigmoid(x)`.
#[inline(always)]
pub(super) fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s + x * s * (1.0 - s)
}

#[inline(always)]
fn hard_sigmoid(x: f32) -> f32 {
    let up = if x > -3.0 { x + 3.0 } else { 0.0 };
    if up < 6.0 { up / 6.0 } else { 1.0 }
}

#[inline(always)]
fn hard_slope(x: f32) -> f32 {
    if x > -3.0 && x < 3.0 { 1.0 / 6.0 } else { 0.0 }
}

#[inline(always)]
fn each(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = f(*x);
    }
}

#[inline(always)]
fn times(x: &[f32], gradient: &mut [f32], slope: impl Fn(f32) -> f32) {
    for (gradient, x) in gradient.iter_mut().zip(x) {
        *gradient *= slope(*x);
    }
}

multiversion! {
    fn forward_chunk<L>(curve: Curve, x: &[f32], y: &mut [f32]) {
        match curve {
            Curve::Sigmoid => each(x, y, sigmoid),
            Curve::Silu => each(x, y, |x| x * sigmoid(x)),
            Curve::HardSigmoid => each(x, y, hard_sigmoid),
            Curve::HardSwish => each(x, y, |x| x * hard_sigmoid(x)),
            Curve::QuickGelu => each(x, y, |x| x * sigmoid(QUICK * x)),
        }
    }
}

multiversion! {
    fn backward_chunk<L>(curve: Curve, x: &[f32], gradient: &mut [f32]) {
        match curve {
            Curve::Sigmoid => times(x, gradient, |x| sigmoid(x) * (1.0 - sigmoid(x))),
            Curve::Silu => times(x, gradient, silu_slope),
            Curve::HardSigmoid => times(x, gradient, hard_slope),
            Curve::HardSwish => times(x, gradient, |x| hard_sigmoid(x) + x * hard_slope(x)),
            Curve::QuickGelu => times(x, gradient, |x| silu_slope(QUICK * x)),
        }
    }
}

/// `y = f(x)`
pub fn forward(simd: Simd, curve: Curve, x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK / 4)
        .zip(x.par_chunks(CHUNK / 4))
        .for_each(|(y, x)| forward_chunk(simd, curve, x, y));
}

/// Turns the gradient of `f(x)` into that of x, in place.
pub fn backward(simd: Simd, curve: Curve, x: &[f32], gradient: &mut [f32]) {
    gradient
        .par_chunks_mut(CHUNK / 4)
        .zip(x.par_chunks(CHUNK / 4))
        .for_each(|(gradient, x)| backward_chunk(simd, curve, x, gradient));
}
