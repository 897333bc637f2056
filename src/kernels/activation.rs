//! ReLU, GELU and tanh.

use rayon::prelude::*;

use super::elementwise::CHUNK;
use super::simd::{Lanes, Simd, multiversion};

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

/// The series of exp, from the seventh power down.
const EXP: [f32; 7] = [
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

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
    for c in EXP {
        p = p * rest + c;
    }
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// [`exp_negative`] of sixteen numbers; what is not a number stays so.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn exp_negatives<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has proved `L`.
    unsafe {
        let x = L::splat(-87.0).max(x);
        let magic = L::splat(12_582_912.0);
        let whole = x.fma(L::splat(std::f32::consts::LOG2_E), magic).sub(magic);
        let rest = whole.fma(L::splat(-0.693_359_4), x);
        let rest = whole.fma(L::splat(2.121_944_4e-4), rest);
        let mut p = L::splat(1.0 / 5040.0);
        for c in EXP {
            p = p.fma(rest, L::splat(c));
        }
        p.times_two_to(whole)
    }
}

/// `Φ(x)` and `exp(−x²/2)`: the normal distribution, to 1e-7 (Abramowitz & Stegun 7.1.26).
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn normal<L: Lanes>(x: L) -> (L, L) {
    // SAFETY: the caller has proved `L`.
    unsafe {
        let (zero, one) = (L::splat(0.0), L::splat(1.0));
        let z = x
            .max(zero.sub(x))
            .mul(L::splat(std::f32::consts::FRAC_1_SQRT_2));
        // Beyond 9 Φ is 0 or 1 to the last bit, and its tail would leave the range of quick numbers.
        let z = z.min(L::splat(9.0));
        let t = one.div(z.fma(L::splat(0.327_591_1), one));
        let mut p = L::splat(0.5 * 1.061_405_4);
        for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            p = p.fma(t, L::splat(0.5 * c));
        }
        let bell = exp_negatives(zero.sub(z.mul(z)));
        let tail = p.mul(t).mul(bell); // 1 − Φ(|x|)
        let rest = tail.fma(L::splat(-2.0), one).where_positive(x);
        (tail.add(rest), bell)
    }
}

/// [`gelu`] of sixteen numbers.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn gelus<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has proved `L`.
    unsafe { x.mul(normal(x).0) }
}

/// The slope of [`gelu`] at sixteen numbers.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn gelu_slopes<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has proved `L`.
    unsafe {
        let (below, bell) = normal(x);
        x.mul(bell).fma(L::splat(0.398_942_3), below) // 1/√(2π)
    }
}

multiversion! {
    /// [`gelu`] on this thread.
    pub(super) fn gelu_chunk<L>(x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), y.len());
        for i in (0..x.len()).step_by(16) {
            let count = x.len() - i;
            // SAFETY: `count` floats follow in both; `L` was proved by the `Simd`.
            unsafe {
                let x = L::load_up_to(x.as_ptr().add(i), count);
                gelus(x).store_up_to(y.as_mut_ptr().add(i), count);
            }
        }
    }
}

multiversion! {
    /// [`gelu`] on this thread, in place.
    pub(super) fn gelu_in_place<L>(x: &mut [f32]) {
        for i in (0..x.len()).step_by(16) {
            let count = x.len() - i;
            // SAFETY: `count` floats follow; `L` was proved by the `Simd`.
            unsafe {
                let to = x.as_mut_ptr().add(i);
                gelus(L::load_up_to(to, count)).store_up_to(to, count);
            }
        }
    }
}

multiversion! {
    /// [`gelu_backward`] on this thread.
    pub(super) fn gelu_backward_chunk<L>(x: &[f32], gradient: &mut [f32]) {
        assert_eq!(x.len(), gradient.len());
        for i in (0..x.len()).step_by(16) {
            let count = x.len() - i;
            // SAFETY: `count` floats follow in both; `L` was proved by the `Simd`.
            unsafe {
                let x = L::load_up_to(x.as_ptr().add(i), count);
                let to = gradient.as_mut_ptr().add(i);
                gelu_slopes(x).mul(L::load_up_to(to, count)).store_up_to(to, count);
            }
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
