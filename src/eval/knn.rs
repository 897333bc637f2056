//! Weighted k-nearest neighbours on embeddings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bank::Bank;
use super::features::{Features, argmax, check_pair};
use super::nearest::Neighbor;
use crate::error::{Error, Result};

/// Below it, exp(1 / temperature) leaves the range of f64.
pub const LOWEST_TEMPERATURE: f64 = 1.0 / 600.0;

/// Weighted k-nearest neighbours: no training, so the embedding alone is judged.
///
/// score(x, c) = Σ over the k bank rows with the largest cosine s to x that carry label c of exp(s / T);
/// the prediction is the class of the largest score. Source: Wu, Xiong, Yu, Lin, *Unsupervised Feature
/// Learning via Non-Parametric Instance Discrimination*, 2018 (k = 200, T = 0.07). Choose it to follow a
/// run or when classes are not linearly separable; [`super::logistic`] is stricter about what is usable.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Knn {
    /// Neighbours that vote; a smaller bank votes whole, and [`Votes::k`] says so.
    pub k: usize,
    /// T in the vote exp(s / T).
    pub temperature: f64,
}

impl Default for Knn {
    fn default() -> Self {
        Self {
            k: 200,
            temperature: 0.07,
        }
    }
}

/// What the neighbours of every query voted for.
#[derive(Clone, Debug, PartialEq)]
pub struct Votes {
    /// (Q,), class with the most votes; of equals the lowest.
    pub predictions: Vec<u32>,
    /// (Q, C), votes of every class, row-major.
    pub scores: Vec<f64>,
    /// Neighbours that voted: `k`, or the whole bank where it is smaller.
    pub k: usize,
}

impl Knn {
    /// Let the labelled `bank` (N, D) vote on `queries` (Q, D).
    ///
    /// Exact: every cosine is computed, in blocks ([`Bank::nearest`]). Of equally near rows the first of the bank comes first.
    ///
    /// # Errors
    /// [`Error::Usage`] on an unlabelled or empty bank, `k` = 0 or a temperature below 1/600;
    /// [`Error::Failed`] on embeddings of different widths or that are not finite.
    pub fn predict(&self, bank: &Features, queries: &Features) -> Result<Votes> {
        check_pair(bank, queries)?;
        self.check()?;
        let (labels, classes) = (bank.known_labels()?, bank.classes());
        let k = self.k.min(bank.rows());
        let votes = |near: &[Neighbor]| self.vote(near, &labels, classes);
        let scores = Bank::new(&bank.values, bank.dim)
            .nearest(&queries.values, k, votes)
            .concat();
        let class = |row: &[f64]| argmax(row) as u32;
        Ok(Votes {
            predictions: scores.chunks_exact(classes).map(class).collect(),
            scores,
            k,
        })
    }

    fn check(&self) -> Result<()> {
        if self.k == 0 {
            return Err(Error::key("k", "needs at least one neighbour"));
        }
        if !(self.temperature >= LOWEST_TEMPERATURE && self.temperature.is_finite()) {
            let problem = format!("is {}; give at least 1/600", self.temperature);
            return Err(Error::key("temperature", problem));
        }
        Ok(())
    }

    fn vote(&self, nearest: &[Neighbor], labels: &[u32], classes: usize) -> Vec<f64> {
        let mut votes = vec![0.0; classes];
        for near in nearest {
            votes[labels[near.row] as usize] += (f64::from(near.cosine) / self.temperature).exp();
        }
        votes
    }
}
