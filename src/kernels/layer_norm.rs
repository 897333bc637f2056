//! Layer normalisation over rows.

use rayon::prelude::*;

use super::elementwise::chunk_rows;
use super::simd::{Lanes, Simd, multiversion};

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

/// Sum of `f(i, count)` over the parts of a row: `count` numbers from i on, sixteen but for the last.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn total<L: Lanes>(width: usize, f: impl Fn(usize, usize) -> L) -> f32 {
    // SAFETY: the caller has proved `L`.
    unsafe {
        let mut sums = [L::splat(0.0); 2];
        for (turn, i) in (0..width).step_by(16).enumerate() {
            sums[turn % 2] = sums[turn % 2].add(f(i, width - i));
        }
        sums[0].add(sums[1]).total()
    }
}

/// Lanes from `count` on are 0.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn only<L: Lanes>(x: L, count: usize) -> L {
    if count >= 16 {
        return x;
    }
    let ones = [1.0; 16];
    // SAFETY: `count` ones are there.
    unsafe { x.mul(L::load_some(ones.as_ptr(), count)) }
}

/// Mean and 1 / standard deviation of a row.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn moments<L: Lanes>(row: &[f32], eps: f32) -> (f32, f32) {
    let (at, scale) = (row.as_ptr(), 1.0 / row.len() as f32);
    // SAFETY: `count` numbers follow place i in the row.
    unsafe {
        let mean = total(row.len(), |i, count| L::load_up_to(at.add(i), count)) * scale;
        let center = L::splat(mean);
        let variance = total(row.len(), |i, count| {
            let x = only(L::load_up_to(at.add(i), count).sub(center), count);
            x.mul(x)
        });
        (mean, 1.0 / (variance * scale + eps).sqrt())
    }
}

multiversion! {
    fn forward_rows<L>(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
        let width = weight.len();
        assert!(bias.len() == width && x.len() == y.len());
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            // SAFETY: rows, weight and bias hold `width` numbers; `L` was proved by the `Simd`.
            unsafe {
                let (mean, scale) = moments::<L>(x, eps);
                let (center, scale) = (L::splat(mean), L::splat(scale));
                for i in (0..width).step_by(16) {
                    let count = width - i;
                    let load = |from: &[f32]| L::load_up_to(from.as_ptr().add(i), count);
                    let unit = load(x).sub(center).mul(scale);
                    unit.fma(load(weight), load(bias)).store_up_to(y.as_mut_ptr().add(i), count);
                }
            }
        }
    }
}

multiversion! {
    /// dx, plus `other`, over `gradient`; `sums` collects d weight, then d bias.
    fn backward_rows<L>(x: &[f32], weight: &[f32], eps: f32, gradient: &mut [f32], other: Option<&[f32]>, sums: &mut [f32]) {
        let width = weight.len();
        assert!(x.len() == gradient.len() && sums.len() == 2 * width);
        assert!(other.is_none_or(|other| other.len() == x.len()));
        let (sums, share) = (sums.as_mut_ptr(), 1.0 / width as f32);
        for (row, (x, g)) in x.chunks_exact(width).zip(gradient.chunks_exact_mut(width)).enumerate() {
            let g = g.as_mut_ptr();
            // SAFETY: rows and weight hold `width` numbers, the sums twice as many; `L` was proved by the `Simd`.
            unsafe {
                let (mean, scale) = moments::<L>(x, eps);
                // x · scale − mean · scale would lose what rows of nearly equal numbers differ by
                let (center, scale) = (L::splat(mean), L::splat(scale));
                let parts = |i: usize, count: usize| {
                    let load = |from: *const f32| L::load_up_to(from.add(i), count);
                    let unit = load(x.as_ptr()).sub(center).mul(scale);
                    (load(g), load(weight.as_ptr()), unit)
                };
                let along = total(width, |i, count| {
                    let (g, weight, _) = parts(i, count);
                    g.mul(weight)
                });
                let across = total(width, |i, count| {
                    let (g, weight, unit) = parts(i, count);
                    g.mul(weight).mul(unit)
                });
                let (along, across) = (L::splat(-along * share), L::splat(-across * share));
                for i in (0..width).step_by(16) {
                    let count = width - i;
                    let (upstream, weight, unit) = parts(i, count);
                    let [by_weight, by_bias] = [sums.add(i), sums.add(width + i)];
                    let old = L::load_up_to(by_weight, count);
                    upstream.fma(unit, old).store_up_to(by_weight, count);
                    L::load_up_to(by_bias, count).add(upstream).store_up_to(by_bias, count);
                    let dx = unit.fma(across, upstream.fma(weight, along)).mul(scale);
                    let dx = match other {
                        Some(other) => dx.add(L::load_up_to(other.as_ptr().add(row * width + i), count)),
                        None => dx,
                    };
                    dx.store_up_to(g.add(i), count);
                }
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
            let other = other.map(|other| &other[i * chunk..][..x.len()]);
            backward_rows(simd, x, weight, eps, gradient, other, &mut sums);
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
