//! A linear layer of a few outputs in 64 bits, on one thread: its outputs, and the gradient of its weight.
//!
//! Rows are 64-bit floats, [`pitch`] apart, with zeros behind the last number.

use super::product::product;
use super::simd::{Doubles, Simd, multiversion};

/// Numbers of a vector.
const LANES: usize = 8;

/// Numbers from one row of `dim` to the next: whole vectors, an odd count of them, so that the same place of many rows
/// does not fall on a few places of the caches.
#[must_use]
pub fn pitch(dim: usize) -> usize {
    (dim.div_ceil(LANES) | 1) * LANES
}

multiversion! {
    /// `(x − shift) · scale` of every row of `x` (B, D), followed by a 1, to rows of `z`.
    pub fn rows<L>(x: &[f32], shift: &[f64], scale: &[f64], z: &mut [f64]) {
        let dim = shift.len();
        let pitch = pitch(dim + 1);
        for (x, z) in x.chunks_exact(dim).zip(z.chunks_exact_mut(pitch)) {
            for (((z, x), shift), scale) in z.iter_mut().zip(x).zip(shift).zip(scale) {
                *z = (f64::from(*x) - shift) * scale;
            }
            z[dim] = 1.0;
            z[dim + 1..].fill(0.0);
        }
    }
}

/// `to` (B, C) = `z` (B rows) · `w` (C rows)ᵀ.
///
/// # Panics
/// A slice does not hold whole rows of `pitch` numbers, or `to` not all results.
pub fn outputs(simd: Simd, pitch: usize, z: &[f64], w: &[f64], to: &mut [f64]) {
    let classes = check(pitch, z, w, to.len());
    // SAFETY: whole rows are there, and a place for every result (checked).
    unsafe { all_outputs(simd, pitch, classes, z, w, to) }
}

/// `to` (C rows) += `r` (B, C)ᵀ · `z` (B rows).
///
/// # Panics
/// As for [`outputs`].
pub fn add_gradient(simd: Simd, pitch: usize, z: &[f64], r: &[f64], to: &mut [f64]) {
    let classes = check(pitch, z, to, r.len());
    // SAFETY: as in `outputs`.
    unsafe { all_gradients(simd, pitch, classes, z, r, to) }
}

/// The number of outputs C, where `z` and `w` are whole rows and there are `results` of them.
fn check(pitch: usize, z: &[f64], w: &[f64], results: usize) -> usize {
    assert!(pitch > 0 && pitch.is_multiple_of(LANES));
    assert!(z.len().is_multiple_of(pitch) && w.len().is_multiple_of(pitch));
    let classes = w.len() / pitch;
    assert_eq!(results, product([z.len() / pitch, classes]));
    classes
}

multiversion! {
    /// # Safety
    /// `z` and `w` hold whole rows, `w` `classes` of them, and `to` a number for each pair.
    unsafe fn all_outputs<L>(pitch: usize, classes: usize, z: &[f64], w: &[f64], to: &mut [f64]) {
        let rows = z.len() / pitch;
        let mut class = 0;
        while class < classes {
            let left = classes - class;
            // A few rows of weights stay in the first cache while all of z pass by.
            // SAFETY: the rows of these classes are there; `L` was proved by the `Simd`.
            unsafe {
                let w = w.as_ptr().add(class * pitch);
                let to = (to.as_mut_ptr().add(class), classes);
                let z = (z.as_ptr(), rows);
                class += match left {
                    5.. if L::WIDE => dots::<L::Doubles, 4, 5>(pitch, z, w, to),
                    4.. if L::WIDE => dots::<L::Doubles, 4, 4>(pitch, z, w, to),
                    3.. if L::WIDE => dots::<L::Doubles, 4, 3>(pitch, z, w, to),
                    2.. if L::WIDE => dots::<L::Doubles, 4, 2>(pitch, z, w, to),
                    2.. => dots::<L::Doubles, 2, 2>(pitch, z, w, to),
                    _ => dots::<L::Doubles, 4, 1>(pitch, z, w, to),
                };
            }
        }
    }
}

/// Products of all rows of z with `NC` of w, `MR` rows at a time; `NC`.
///
/// # Safety
/// Whole rows are there, and a place for every result.
#[inline(always)]
unsafe fn dots<D: Doubles, const MR: usize, const NC: usize>(
    pitch: usize,
    (z, rows): (*const f64, usize),
    w: *const f64,
    to: (*mut f64, usize),
) -> usize {
    let mut row = 0;
    // SAFETY: rows `row .. row + MR` are there.
    unsafe {
        while row + MR <= rows {
            let to = (to.0.add(row * to.1), to.1);
            dots_of::<D, MR, NC>(pitch, z.add(row * pitch), w, to);
            row += MR;
        }
        while row < rows {
            let to = (to.0.add(row * to.1), to.1);
            dots_of::<D, 1, NC>(pitch, z.add(row * pitch), w, to);
            row += 1;
        }
    }
    NC
}

/// `MR` × `NC` products, all sums in registers.
///
/// # Safety
/// As for [`dots`].
#[inline(always)]
unsafe fn dots_of<D: Doubles, const MR: usize, const NC: usize>(
    pitch: usize,
    z: *const f64,
    w: *const f64,
    (to, step): (*mut f64, usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[D::splat(0.0); NC]; MR];
        for at in (0..pitch).step_by(LANES) {
            let mut rows = [D::splat(0.0); MR];
            for i in 0..MR {
                rows[i] = D::load(z.add(i * pitch + at));
            }
            for j in 0..NC {
                let weights = D::load(w.add(j * pitch + at));
                for i in 0..MR {
                    sums[i][j] = rows[i].fma(weights, sums[i][j]);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                *to.add(i * step + j) = sum.total();
            }
        }
    }
}

multiversion! {
    /// # Safety
    /// `z` and `to` hold whole rows, `to` `classes` of them, and `r` a number for each pair.
    unsafe fn all_gradients<L>(pitch: usize, classes: usize, z: &[f64], r: &[f64], to: &mut [f64]) {
        let rows = z.len() / pitch;
        let mut at = 0;
        while at < pitch {
            let wide = if L::WIDE { 4 } else { 2 };
            let vectors = if pitch - at >= wide * LANES { wide } else { 1 };
            let mut class = 0;
            while class < classes {
                let left = classes - class;
                // These columns of z stay in the first cache while all classes pass by.
                // SAFETY: the columns and classes are there; `L` was proved by the `Simd`.
                unsafe {
                    let z = (z.as_ptr().add(at), rows);
                    let r = (r.as_ptr().add(class), classes);
                    let to = to.as_mut_ptr().add(class * pitch + at);
                    class += match (left, vectors) {
                        (5.., 4) => outer::<L::Doubles, 5, 4>(pitch, z, r, to),
                        (2.., 4) => outer::<L::Doubles, 2, 4>(pitch, z, r, to),
                        (_, 4) => outer::<L::Doubles, 1, 4>(pitch, z, r, to),
                        (2.., 2) => outer::<L::Doubles, 2, 2>(pitch, z, r, to),
                        (_, 2) => outer::<L::Doubles, 1, 2>(pitch, z, r, to),
                        (4.., _) => outer::<L::Doubles, 4, 1>(pitch, z, r, to),
                        _ => outer::<L::Doubles, 1, 1>(pitch, z, r, to),
                    };
                }
            }
            at += vectors * LANES;
        }
    }
}

/// Adds to `NC` rows of the gradient, in `NV` vectors of columns; `NC`.
///
/// # Safety
/// Whole rows are there, and `NV` vectors of each.
#[inline(always)]
unsafe fn outer<D: Doubles, const NC: usize, const NV: usize>(
    pitch: usize,
    (z, rows): (*const f64, usize),
    (r, step): (*const f64, usize),
    to: *mut f64,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[D::splat(0.0); NV]; NC];
        for row in 0..rows {
            let mut columns = [D::splat(0.0); NV];
            for v in 0..NV {
                columns[v] = D::load(z.add(row * pitch + v * LANES));
            }
            for j in 0..NC {
                let factor = D::splat(*r.add(row * step + j));
                for v in 0..NV {
                    sums[j][v] = factor.fma(columns[v], sums[j][v]);
                }
            }
        }
        for (j, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let to = to.add(j * pitch + v * LANES);
                sum.add(D::load(to)).store(to);
            }
        }
    }
    NC
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Level;

    #[cfg(not(miri))]
    const SIZES: [(usize, usize, usize); 5] = [
        (1, 1, 1),
        (3, 7, 2),
        (129, 64, 10),
        (10, 33, 13),
        (6, 129, 4),
    ];
    #[cfg(miri)]
    const SIZES: [(usize, usize, usize); 2] = [(1, 1, 1), (5, 33, 3)];

    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        let value = |i: usize| (i * 7919 + seed * 104_729) % 2003;
        (0..count).map(|i| value(i) as f64 / 1000.0 - 1.0).collect()
    }

    #[test]
    fn outputs_and_gradients_agree_with_the_definition_at_every_level() {
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            let simd = Simd::at_most(level);
            for (count, dim, classes) in SIZES {
                let x: Vec<f32> = numbers(count * dim, 1).iter().map(|x| *x as f32).collect();
                let (shift, scale) = (numbers(dim, 2), numbers(dim, 3));
                let pitch = pitch(dim + 1);
                let (mut z, w) = (vec![7.0; count * pitch], numbers(classes * pitch, 4));
                rows(simd, &x, &shift, &scale, &mut z);
                let at = |i: usize, d: usize| match d {
                    d if d < dim => (f64::from(x[i * dim + d]) - shift[d]) * scale[d],
                    d => f64::from(u8::from(d == dim)),
                };
                let mut out = vec![7.0; count * classes];
                outputs(simd, pitch, &z, &w, &mut out);
                for (place, out) in out.iter().enumerate() {
                    let (i, c) = (place / classes, place % classes);
                    let sum: f64 = (0..pitch).map(|d| at(i, d) * w[c * pitch + d]).sum();
                    assert!((out - sum).abs() < 1e-12, "{level:?} {out} {sum}");
                }
                let r = numbers(count * classes, 5);
                let mut gradient = vec![0.5; classes * pitch];
                add_gradient(simd, pitch, &z, &r, &mut gradient);
                for (place, gradient) in gradient.iter().enumerate() {
                    let (c, d) = (place / pitch, place % pitch);
                    let sum: f64 = (0..count).map(|i| at(i, d) * r[i * classes + c]).sum();
                    assert!((gradient - 0.5 - sum).abs() < 1e-12, "{level:?}");
                }
            }
        }
    }
}
