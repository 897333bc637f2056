//! Multinomial logistic regression on frozen embeddings, to convergence.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cross_entropy::{BLOCK, Problem, Space, padded};
use super::features::{Features, argmax, check_pair};
use super::lbfgs::{Lbfgs, Stop};
use super::standardize::Standardize;
use crate::error::{Error, Result};

/// Multinomial logistic regression: how much of the classes a linear layer can read off the embedding.
///
/// Lowers `mean_n −log softmax(Wᵀ z_n + b)[label] + l2 ‖W‖²` by L-BFGS ([`super::lbfgs`]; with many rows in the metric of the curvature), z = (x − mean) / (std + 1e-6)
/// with the training part's mean and standard deviation (N − 1, [`super::standardize`]); the bias is not penalised. Sums are in f64.
/// It has one optimum and no learning rate to choose, so two encoders are compared fairly: the default
/// judge, and the one for few labels. On millions of rows take the linear probe of the trainer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logistic {
    /// Weight of ‖W‖² beside the mean cross-entropy. On N rows it is scikit-learn's `C = 1/(2·l2·N)`, and on two classes,
    /// for which that has one vector of weights, `C = 1/(l2·N)`.
    pub l2: f64,
    /// Most L-BFGS steps.
    pub max_iter: usize,
    /// Converged when no component of the gradient is larger.
    pub tolerance: f64,
}

impl Default for Logistic {
    fn default() -> Self {
        Self {
            l2: 1e-4,
            max_iter: 1000,
            tolerance: 1e-6,
        }
    }
}

/// A fitted logistic regression from D numbers to C classes.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// (D + 1, C), row-major, for standardised inputs; the last row is the bias.
    pub weights: Vec<f64>,
    /// The objective at the end: mean cross-entropy + l2 ‖W‖².
    pub objective: f64,
    /// Largest component of its gradient there.
    pub gradient: f64,
    /// L-BFGS steps made.
    pub iterations: usize,
    /// Why they ended: anything but [`Stop::Converged`] should be said beside the result.
    pub stop: Stop,
    scaler: Standardize,
    classes: usize,
}

impl Logistic {
    /// Fit on the labelled `train` (N, D).
    ///
    /// # Errors
    /// [`Error::Usage`] on unlabelled or empty data, a single class, or a negative `l2`;
    /// [`Error::Failed`] on embeddings that are not finite.
    pub fn fit(&self, train: &Features) -> Result<Fitted> {
        check_pair(train, train)?;
        let (labels, classes) = (train.known_labels()?, train.classes());
        if labels.iter().all(|l| *l == labels[0]) {
            return Err(Error::Usage(
                "the training part holds a single class; a probe needs at least two".into(),
            ));
        }
        if !(self.l2 >= 0.0 && self.l2.is_finite()) {
            return Err(Error::key("l2", format!("is {}; give 0 or more", self.l2)));
        }
        let scaler = Standardize::by(train);
        let problem = Problem {
            train,
            labels: &labels,
            classes,
            scaler: &scaler,
            l2: self.l2,
        };
        let search = Lbfgs {
            max_iter: self.max_iter,
            tolerance: self.tolerance,
            ..Lbfgs::default()
        };
        let start = vec![0.0; (train.dim + 1) * classes];
        let end = search.minimize_with(
            start,
            |w, g| problem.objective(w, g),
            |w| problem.curvature(w),
        );
        Ok(Fitted {
            weights: end.x,
            objective: end.value,
            gradient: end.gradient,
            iterations: end.iterations,
            stop: end.stop,
            scaler,
            classes,
        })
    }
}

impl Fitted {
    /// Energies −(Wᵀ z + b) of every class, (Q, C) row-major: the lowest is the answer.
    ///
    /// # Errors
    /// [`Error::Failed`] when `queries` has another width than the training part or is not finite.
    pub fn energies(&self, queries: &Features) -> Result<Vec<f32>> {
        queries.check()?;
        let (dim, fitted) = (queries.dim, self.scaler.dim());
        if dim != fitted {
            return Err(Error::Failed(format!(
                "embeddings of {dim} numbers, but the probe was fitted on {fitted}"
            )));
        }
        let weights = padded(&self.weights, self.classes);
        let blocks: Vec<Vec<f32>> = queries
            .values
            .par_chunks(BLOCK * dim)
            .map_init(Space::default, |space, block| {
                let logits = space.logits(&self.scaler, block, &weights);
                logits.iter().map(|l| -l as f32).collect()
            })
            .collect();
        Ok(blocks.concat())
    }

    /// The same as one linear layer on features as they are: weight (C, D), row-major, and bias (C) of the energies.
    #[must_use]
    pub fn layer(&self) -> (Vec<f32>, Vec<f32>) {
        let (dim, classes) = (self.scaler.dim(), self.classes);
        let mut weight = vec![0.0; classes * dim];
        let mut bias = vec![0.0; classes];
        for class in 0..classes {
            let mut energy = -self.weights[dim * classes + class];
            let (mean, scale) = self.scaler.columns();
            for (feature, (mean, scale)) in mean.iter().zip(scale).enumerate() {
                let slope = -self.weights[feature * classes + class] * scale;
                weight[class * dim + feature] = slope as f32;
                energy -= slope * mean;
            }
            bias[class] = energy as f32;
        }
        (weight, bias)
    }

    /// The class of lowest energy of each query, (Q,); of equals the lowest class.
    ///
    /// # Errors
    /// As [`Fitted::energies`].
    pub fn predict(&self, queries: &Features) -> Result<Vec<u32>> {
        let energies = self.energies(queries)?;
        let class = |row: &[f32]| {
            let scores: Vec<f64> = row.iter().map(|e| -f64::from(*e)).collect();
            argmax(&scores) as u32
        };
        Ok(energies.chunks_exact(self.classes).map(class).collect())
    }
}
