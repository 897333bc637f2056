//! Weighted k-nearest neighbours on embeddings.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::{Features, argmax, check_pair};
use super::products::{inverse_norms, normalized, rows_by_rows};
use crate::error::{Error, Result};

/// Queries a thread handles together, and bank rows they are compared with at a time: 4 MiB of cosines.
const QUERIES: usize = 256;
const BANK: usize = 4096;

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
    /// Exact: every cosine is computed, in blocks; memory beyond the inputs is about 4 MiB a thread plus the result.
    /// Of equally near rows the first of the bank comes first.
    ///
    /// # Errors
    /// [`Error::Usage`] on an unlabelled or empty bank, `k` = 0 or a temperature below 1/600;
    /// [`Error::Failed`] on embeddings of different widths or that are not finite.
    pub fn predict(&self, bank: &Features, queries: &Features) -> Result<Votes> {
        check_pair(bank, queries)?;
        self.check()?;
        let (labels, classes) = (bank.known_labels()?, bank.classes());
        let k = self.k.min(bank.rows());
        let scales = inverse_norms(&bank.values, bank.dim);
        let blocks: Vec<Vec<f64>> = queries
            .values
            .par_chunks(QUERIES * queries.dim)
            .map(|block| {
                let nearest = nearest(block, bank, &scales, k);
                let votes = |near: &Vec<Near>| self.vote(near, &labels, classes);
                nearest.iter().flat_map(votes).collect()
            })
            .collect();
        let scores = blocks.concat();
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

    fn vote(&self, nearest: &[Near], labels: &[u32], classes: usize) -> Vec<f64> {
        let mut votes = vec![0.0; classes];
        for near in nearest {
            votes[labels[near.row] as usize] += (f64::from(near.cosine) / self.temperature).exp();
        }
        votes
    }
}

#[derive(Clone, Copy)]
struct Near {
    cosine: f32,
    row: usize,
}

/// Larger cosine first, then lower row: a total order, so that ties never depend on blocks or threads.
fn nearer(a: &Near, b: &Near) -> std::cmp::Ordering {
    b.cosine.total_cmp(&a.cosine).then(a.row.cmp(&b.row))
}

/// The `k` nearest rows of `bank` for each of a block of queries (B, D), nearest first.
fn nearest(block: &[f32], bank: &Features, scales: &[f32], k: usize) -> Vec<Vec<Near>> {
    let dim = bank.dim;
    let block = normalized(block, dim);
    let count = block.len() / dim;
    let mut found: Vec<Best> = (0..count).map(|_| Best::new(k)).collect();
    let mut products = vec![0.0; count * BANK.min(bank.rows())];
    for (part, rows) in bank.values.chunks(BANK * dim).enumerate() {
        let (first, width) = (part * BANK, rows.len() / dim);
        let products = &mut products[..count * width];
        rows_by_rows(&block, rows, dim, products); // (B, width)
        let scales = &scales[first..first + width];
        for (best, row) in found.iter_mut().zip(products.chunks_exact(width)) {
            best.offer(row, scales, first);
        }
    }
    found.into_iter().map(Best::sorted).collect()
}

/// The best k so far, kept as a buffer of up to 2k that is cut back to k when full.
struct Best {
    k: usize,
    kept: Vec<Near>,
    threshold: f32,
}

impl Best {
    fn new(k: usize) -> Self {
        Self {
            k,
            kept: Vec::with_capacity(2 * k),
            threshold: f32::NEG_INFINITY,
        }
    }

    fn offer(&mut self, products: &[f32], scales: &[f32], first: usize) {
        for (i, (product, scale)) in products.iter().zip(scales).enumerate() {
            let cosine = product * scale;
            // Rows come in order: a later row with the cosine of the threshold would lose its tie anyway.
            if cosine > self.threshold {
                self.kept.push(Near {
                    cosine,
                    row: first + i,
                });
                if self.kept.len() == 2 * self.k {
                    self.cut();
                }
            }
        }
    }

    fn cut(&mut self) {
        self.kept.select_nth_unstable_by(self.k - 1, nearer);
        self.kept.truncate(self.k);
        self.threshold = self.kept[self.k - 1].cosine;
    }

    fn sorted(mut self) -> Vec<Near> {
        self.kept.sort_unstable_by(nearer);
        self.kept.truncate(self.k);
        self.kept
    }
}
