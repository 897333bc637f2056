//! Mean and variance of every channel: sums over pieces, then the pieces joined.

use rayon::prelude::*;

use super::{by_columns, load, store};
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// Mean and biased variance of every channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Of each channel.
    pub mean: Vec<f64>,
    /// Of each channel, divided by the number of rows.
    pub variance: Vec<f64>,
}

/// Sums over some rows: an origin near the mean, distances to it, and their squares, a row of channels each.
///
/// Distances to a value that is there: the variance does not suffer from a large mean.
#[derive(Clone, Debug)]
pub(in crate::kernels) struct Sums {
    pub(in crate::kernels) rows: usize,
    pub(in crate::kernels) values: Vec<f32>,
}

impl Sums {
    /// Over no rows yet.
    pub(in crate::kernels) fn new(channels: usize) -> Self {
        Self {
            rows: 0,
            values: vec![0.0; 3 * channels],
        }
    }

    /// Over the rows of `x`, on this thread.
    pub(in crate::kernels) fn of(simd: Simd, x: &[f32], channels: usize) -> Self {
        let mut sums = Self::new(channels);
        sums.rows = x.len() / channels;
        sums.values[..channels].copy_from_slice(&x[..channels]);
        moments(simd, x, &mut sums.values);
        sums
    }
}

#[inline(always)]
unsafe fn moments_of<L: Lanes, const NZ: usize>(
    x: &[f32],
    sums: &mut [f32],
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels, `sums` holds three rows.
    unsafe {
        let origin = load::<L, NZ>(sums.as_ptr().add(q), last);
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
        store(first, sums.as_mut_ptr().add(c + q), last);
        store(second, sums.as_mut_ptr().add(2 * c + q), last);
    }
}

multiversion! {
    fn moments<L>(x: &[f32], sums: &mut [f32]) {
        let c = sums.len() / 3;
        by_columns!(c, moments_of::<L>(x, sums));
    }
}

impl Statistics {
    /// Of all rows of `x`, in one pass.
    #[must_use]
    pub fn of(simd: Simd, x: &[f32], channels: usize) -> Self {
        let chunks = x.par_chunks(chunk_rows(channels) * channels);
        let parts: Vec<Sums> = chunks.map(|x| Sums::of(simd, x, channels)).collect();
        Self::join(&parts, channels)
    }

    /// Of all rows of the parts, added in their order and in 64 bits.
    pub(in crate::kernels) fn join(parts: &[Sums], channels: usize) -> Self {
        let (mut mean, mut square) = (vec![0.0f64; channels], vec![0.0f64; channels]);
        let mut seen = 0.0;
        // Chan et al. 1979: join counts, means and sums of squared deviations.
        for part in parts {
            let count = part.rows as f64;
            let total = seen + count;
            for c in 0..channels {
                let [origin, first, second] =
                    [0, 1, 2].map(|row| f64::from(part.values[row * channels + c]));
                let delta = origin + first / count - mean[c];
                mean[c] += delta * count / total;
                square[c] += second - first * first / count + delta * delta * seen * count / total;
            }
            seen = total;
        }
        let variance = square.iter().map(|sum| (sum / seen).max(0.0)).collect();
        Self { mean, variance }
    }

    /// [`Self::join`], where every part was measured.
    pub(in crate::kernels) fn of_parts(parts: Vec<Option<Sums>>, channels: usize) -> Option<Self> {
        let parts: Option<Vec<Sums>> = parts.into_iter().collect();
        parts.map(|parts| Self::join(&parts, channels))
    }
}
