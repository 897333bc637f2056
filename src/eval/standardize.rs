//! Features at mean 0 and deviation 1, as the linear and the logistic probe want them.

use rayon::prelude::*;

use super::features::Features;

/// Rows that a task adds up.
const PART: usize = 1024;

/// Added to every standard deviation: a constant feature becomes 0.
const EPSILON: f64 = 1e-6;

/// z = (x − mean) / (std + 1e-6), mean and standard deviation (N − 1) those of the rows that a probe is fitted on.
#[derive(Clone, Debug)]
pub struct Standardize {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl Standardize {
    /// Measure mean and deviation of each of the D features of `train` (N, D), in two passes in f64.
    ///
    /// ```
    /// use ravine::eval::{Features, standardize::Standardize};
    /// let train = Features { dim: 1, values: vec![1.0, 3.0], ..Features::default() };
    /// let z = Standardize::by(&train).rows(&train);
    /// assert!((z[1] - 0.5_f32.sqrt()).abs() < 1e-5);
    /// ```
    #[must_use]
    pub fn by(train: &Features) -> Self {
        let rows = train.rows();
        let mut mean = sums(train, |_, x| x);
        for m in &mut mean {
            *m /= rows as f64;
        }
        let squares = sums(train, |d, x| (x - mean[d]).powi(2));
        let degrees = rows.saturating_sub(1).max(1) as f64;
        let scale = |s: &f64| 1.0 / ((s / degrees).sqrt() + EPSILON);
        let scale = squares.iter().map(scale).collect();
        Self { mean, scale }
    }

    /// D, numbers a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Mean of each column, and what its difference from it is multiplied with.
    #[must_use]
    pub fn columns(&self) -> (&[f64], &[f64]) {
        (&self.mean, &self.scale)
    }

    /// z of all `features`, (N, D) -> (N, D).
    #[must_use]
    pub fn rows(&self, features: &Features) -> Vec<f32> {
        let mut z = features.values.clone();
        z.par_chunks_exact_mut(self.dim()).for_each(|row| {
            for ((z, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *z = ((f64::from(*z) - mean) * scale) as f32;
            }
        });
        z
    }
}

/// `Σ of(d, x)` over all rows for each of the D columns: rows are added in order within parts, and parts in order.
fn sums(train: &Features, of: impl Fn(usize, f64) -> f64 + Sync) -> Vec<f64> {
    let part = |rows: &[f32]| {
        let mut sums = vec![0.0; train.dim];
        for row in rows.chunks_exact(train.dim) {
            for (d, (sum, x)) in sums.iter_mut().zip(row).enumerate() {
                *sum += of(d, f64::from(*x));
            }
        }
        sums
    };
    let parts: Vec<Vec<f64>> = train
        .values
        .par_chunks(PART * train.dim)
        .map(part)
        .collect();
    let mut total = vec![0.0; train.dim];
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
    }
    total
}
