//! Mean and variance of every channel: sums over pieces, then the pieces joined.

use std::ops::Range;

use rayon::prelude::*;

use super::columns::{by_columns, load, store};
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// Mean and biased variance of every channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelMoments {
    /// Of each channel.
    pub mean: Vec<f64>,
    /// Of each channel, divided by the number of rows.
    pub variance: Vec<f64>,
}

/// Sums over some rows, for the statistics of values or for the gradient of a batch norm.
#[derive(Clone, Debug)]
pub struct Sums {
    pub(in crate::kernels) rows: usize,
    /// Rows of channels. Of values: an origin among them, the distances to it, and their squares; so the variance
    /// does not suffer from a large mean. Of gradients g: the mean of x, g, and g · (x − mean).
    pub(in crate::kernels) values: Vec<f32>,
}

impl Sums {
    /// Over `rows` rows, 0 so far, from the origin or mean `from`.
    pub(in crate::kernels) fn new(from: &[f32], rows: usize) -> Self {
        let mut values = from.to_vec();
        values.resize(3 * from.len(), 0.0);
        Self { rows, values }
    }

    /// Over the rows of `x`, on this thread.
    pub(super) fn of(simd: Simd, x: &[f32], channels: usize) -> Self {
        let mut sums = Self::new(&x[..channels], x.len() / channels);
        moments(simd, x, &mut sums.values);
        sums
    }

    /// The sums of all tasks in their order, if they make any.
    pub(in crate::kernels) fn collect(
        tasks: impl IndexedParallelIterator<Item = Option<Self>>,
    ) -> Option<Vec<Self>> {
        // Not into an `Option` at once: the first `None` would keep tasks from running.
        let parts: Vec<Option<Self>> = tasks.collect();
        parts.into_iter().collect()
    }

    /// Of each chunk of the rows of `y` what `run` makes of it, given its place among all rows; in their order.
    pub(super) fn by_chunks(
        channels: usize,
        y: &mut [f32],
        run: impl Fn(Range<usize>, &mut [f32]) -> Option<Self> + Sync,
    ) -> Option<Vec<Self>> {
        let chunk = chunk_rows(channels);
        let chunks = y.par_chunks_mut(chunk * channels).enumerate();
        Self::collect(chunks.map(|(i, y)| {
            let rows = i * chunk..i * chunk + y.len() / channels;
            run(rows, y)
        }))
    }

    /// The channels from `q` on.
    ///
    /// # Safety
    /// Sixteen channels are there from `q` on. The processor has the instructions of `L`.
    #[inline(always)]
    pub(in crate::kernels) unsafe fn load<L: Lanes>(&self, q: usize) -> [L; 3] {
        let c = self.values.len() / 3;
        debug_assert!(q + 16 <= c);
        let from = self.values.as_ptr();
        // SAFETY: the caller has sixteen channels from `q` on, and the instructions of `L`.
        unsafe {
            [
                L::load(from.add(q)),
                L::load(from.add(c + q)),
                L::load(from.add(2 * c + q)),
            ]
        }
    }

    /// Set the channels from `q` on.
    ///
    /// # Safety
    /// As for [`Sums::load`].
    #[inline(always)]
    pub(in crate::kernels) unsafe fn store<L: Lanes>(&mut self, q: usize, tally: [L; 3]) {
        let c = self.values.len() / 3;
        debug_assert!(q + 16 <= c);
        for (row, values) in tally.into_iter().enumerate() {
            // SAFETY: the caller has sixteen channels from `q` on, and the instructions of `L`.
            unsafe { values.store(self.values.as_mut_ptr().add(row * c + q)) }
        }
    }
}

/// [`moments`] of the channels from `q` on.
///
/// # Safety
/// `x` holds rows of `c` channels, `sums` three. The channels from `q` on are there as for [`load`].
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
    /// Sums over the rows of `x`, as many channels as a third of `sums`, which starts with the origin.
    fn moments<L>(x: &[f32], sums: &mut [f32]) {
        let c = sums.len() / 3;
        // SAFETY: `sums` holds three rows of `c` channels; `L` was proved by the `Simd`.
        unsafe { by_columns!(c, moments_of::<L>(x, sums)) }
    }
}

impl ChannelMoments {
    /// Of all rows of `x`, in one pass.
    #[must_use]
    pub fn of(simd: Simd, x: &[f32], channels: usize) -> Self {
        let chunks = x.par_chunks(chunk_rows(channels) * channels);
        let parts: Vec<Sums> = chunks.map(|x| Sums::of(simd, x, channels)).collect();
        Self::join(&parts, channels)
    }

    /// Of all rows of the parts, added in their order and in 64 bits.
    #[must_use]
    pub fn join(parts: &[Sums], channels: usize) -> Self {
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
}
