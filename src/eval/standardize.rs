//! Features at mean 0 and deviation 1, as the linear and the logistic probe want them.

use super::features::Features;

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
    /// let z: Vec<f64> = Standardize::by(&train).row(&[3.0]).collect();
    /// assert!((z[0] - 0.5_f64.sqrt()).abs() < 1e-5);
    /// ```
    #[must_use]
    pub fn by(train: &Features) -> Self {
        let (rows, dim) = (train.rows(), train.dim);
        let mut mean = vec![0.0; dim];
        for row in train.values.chunks_exact(dim) {
            for (m, x) in mean.iter_mut().zip(row) {
                *m += f64::from(*x);
            }
        }
        for m in &mut mean {
            *m /= rows as f64;
        }
        let mut squares = vec![0.0; dim];
        for row in train.values.chunks_exact(dim) {
            for ((s, x), m) in squares.iter_mut().zip(row).zip(&mean) {
                *s += (f64::from(*x) - m).powi(2);
            }
        }
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
    pub fn columns(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.mean.iter().copied().zip(self.scale.iter().copied())
    }

    /// z of one row, (D,) -> (D,).
    pub fn row<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let columns = row.iter().zip(&self.mean).zip(&self.scale);
        columns.map(|((x, m), s)| (f64::from(*x) - m) * s)
    }

    /// z of all `features`, (N, D) -> (N, D).
    #[must_use]
    pub fn rows(&self, features: &Features) -> Vec<f32> {
        let rows = features.values.chunks_exact(self.dim());
        rows.flat_map(|row| self.row(row))
            .map(|z| z as f32)
            .collect()
    }
}
