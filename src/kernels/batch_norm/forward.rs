//! Statistics, and normalising with them.

use std::ops::Range;

use rayon::prelude::*;

use super::{Affine, by_columns, load, store};
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::simd::{Lanes, Simd, multiversion};

#[inline(always)]
unsafe fn moments_of<L: Lanes, const NZ: usize>(
    x: &[f32],
    sums: &mut [f32],
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels, `sums` holds two rows.
    unsafe {
        // Distances to the first row: the variance does not suffer from a large mean.
        let origin = load::<L, NZ>(x.as_ptr().add(q), last);
        let mut first = [L::splat(0.0); NZ];
        let mut second = first;
        for row in 0..x.len() / c {
            let values = load::<L, NZ>(x.as_ptr().add(row * c + q), last);
            for j in 0..NZ {
                let d = values[j].sub(origin[j]);
                first[j] = first[j].add(d);
                second[j] = d.fma(d, second[j]);
            }
        }
        store(first, sums.as_mut_ptr().add(q), last);
        store(second, sums.as_mut_ptr().add(c + q), last);
    }
}

multiversion! {
    fn moments<L>(x: &[f32], sums: &mut [f32]) {
        let c = sums.len() / 2;
        by_columns!(c, moments_of::<L>(x, sums));
    }
}

/// Mean and biased variance of every channel, one pass; sums of pieces are combined in 64 bits.
#[must_use]
pub fn statistics(simd: Simd, x: &[f32], channels: usize) -> (Vec<f64>, Vec<f64>) {
    let chunk = chunk_rows(channels) * channels;
    let parts: Vec<Vec<f32>> = x
        .par_chunks(chunk)
        .map(|x| {
            let mut sums = vec![0.0; 2 * channels];
            moments(simd, x, &mut sums);
            sums
        })
        .collect();
    let (mut mean, mut square) = (vec![0.0f64; channels], vec![0.0f64; channels]);
    let mut seen = 0.0;
    // Chan et al. 1979: join counts, means and sums of squared deviations.
    for (x, sums) in x.chunks(chunk).zip(&parts) {
        let count = (x.len() / channels) as f64;
        let total = seen + count;
        for c in 0..channels {
            let (first, second) = (f64::from(sums[c]), f64::from(sums[channels + c]));
            let local = f64::from(x[c]) + first / count;
            let delta = local - mean[c];
            mean[c] += delta * count / total;
            square[c] += second - first * first / count + delta * delta * seen * count / total;
        }
        seen = total;
    }
    for value in &mut square {
        *value = (*value / seen).max(0.0);
    }
    (mean, square)
}

#[inline(always)]
unsafe fn apply_to<L: Lanes, const NZ: usize, const ADD: bool, const RELU: bool>(
    (x, residual, y): (*const f32, *const f32, *mut f32),
    rows: usize,
    affine: &Affine,
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels everywhere.
    unsafe {
        let scale = load::<L, NZ>(affine.scale.as_ptr().add(q), last);
        let shift = load::<L, NZ>(affine.shift.as_ptr().add(q), last);
        for row in 0..rows {
            let at = row * c + q;
            let mut values = load::<L, NZ>(x.add(at), last);
            for j in 0..NZ {
                values[j] = values[j].fma(scale[j], shift[j]);
            }
            if ADD {
                let more = load::<L, NZ>(residual.add(at), last);
                for j in 0..NZ {
                    values[j] = values[j].add(more[j]);
                }
            }
            if RELU {
                for value in &mut values {
                    *value = value.positive();
                }
            }
            store(values, y.add(at), last);
        }
    }
}

multiversion! {
    /// `x` and `y` hold `rows` rows and may be the same.
    fn apply_rows<L>(x: *const f32, rows: usize, residual: Option<&[f32]>, relu: bool, affine: &Affine, y: *mut f32) {
        let c = affine.scale.len();
        assert!(residual.is_none_or(|r| r.len() >= rows * c));
        let places = (x, residual.map_or(x, <[f32]>::as_ptr), y);
        match (residual.is_some(), relu) {
            (false, false) => by_columns!(c, apply_to::<L, false, false>(places, rows, affine)),
            (false, true) => by_columns!(c, apply_to::<L, false, true>(places, rows, affine)),
            (true, false) => by_columns!(c, apply_to::<L, true, false>(places, rows, affine)),
            (true, true) => by_columns!(c, apply_to::<L, true, true>(places, rows, affine)),
        }
    }
}

/// What follows a product in the same pass: `y = y · scale + shift`, plus a residual, then ReLU.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// Scale and shift.
    pub affine: &'a Affine,
    /// Of the result's size.
    pub residual: Option<&'a [f32]>,
    /// Whether negative values become 0.
    pub relu: bool,
}

impl Finish<'_> {
    /// Run on the rows `rows`, at the start of `y`, on this thread.
    pub(crate) fn run(&self, simd: Simd, rows: Range<usize>, y: &mut [f32]) {
        let c = self.affine.scale.len();
        assert!(y.len() >= rows.len() * c);
        let residual = self.residual.map(|r| &r[rows.start * c..rows.end * c]);
        let y = y.as_mut_ptr();
        apply_rows(simd, y, rows.len(), residual, self.relu, self.affine, y);
    }

    /// Run on all rows.
    pub(crate) fn all(&self, simd: Simd, y: &mut [f32]) {
        let channels = self.affine.scale.len();
        let chunk = chunk_rows(channels);
        let chunks = y.par_chunks_mut(chunk * channels).enumerate();
        chunks.for_each(|(i, y)| {
            let first = i * chunk;
            self.run(simd, first..first + y.len() / channels, y);
        });
    }
}

/// `y = x · scale + shift`, plus `residual`, then ReLU, as asked for.
///
/// # Panics
/// Slices of different lengths.
pub fn apply(
    simd: Simd,
    x: &[f32],
    affine: &Affine,
    residual: Option<&[f32]>,
    relu: bool,
    y: &mut [f32],
) {
    let channels = affine.scale.len();
    assert_eq!(x.len(), y.len());
    let chunk = chunk_rows(channels) * channels;
    y.par_chunks_mut(chunk).enumerate().for_each(|(i, y)| {
        let range = i * chunk..i * chunk + y.len();
        let residual = residual.map(|r| &r[range.clone()]);
        let (x, rows) = (x[range].as_ptr(), y.len() / channels);
        apply_rows(simd, x, rows, residual, relu, affine, y.as_mut_ptr());
    });
}
