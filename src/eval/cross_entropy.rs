//! The objective of logistic regression: its value, its gradient and its curvature, sums over rows in 64 bits.

use rayon::prelude::*;

use super::curvature::Curvature;
use super::features::Features;
use super::standardize::Standardize;
use crate::kernels::{Products, Simd, narrow};

/// The sums over rows are split in this many parts, whatever the number of threads, and added in order.
const PARTS: usize = 32;
/// Rows that are standardised to f64 at a time, to stay in the cache.
pub(super) const BLOCK: usize = 128;
/// The curvature is measured where there are so many times as many rows as features, and on as many at least.
const ENOUGH: usize = 4;
/// Rows that it is measured on at least, where they are there.
const SAMPLE: usize = 4096;
/// Least curvature, as a share of the mean: below, rounding in 32 bits would count.
const LEAST: f64 = 1e-4;

/// Weights (D + 1, C) as rows of the kernels: one a class, (C, pitch).
pub(super) fn padded(weights: &[f64], classes: usize) -> Vec<f64> {
    let pitch = narrow::pitch(weights.len() / classes);
    let mut rows = vec![0.0; classes * pitch];
    for (feature, weights) in weights.chunks_exact(classes).enumerate() {
        for (row, weight) in rows.chunks_exact_mut(pitch).zip(weights) {
            row[feature] = *weight;
        }
    }
    rows
}

/// Working memory of a thread.
#[derive(Default)]
pub(super) struct Space {
    /// Standardised rows with a 1 for the bias, (B, pitch).
    z: Vec<f64>,
    logits: Vec<f64>,
}

impl Space {
    /// Logits (B, C) of a block (B, D) under `weights` (C, pitch).
    pub(super) fn logits(
        &mut self,
        scaler: &Standardize,
        block: &[f32],
        weights: &[f64],
    ) -> &mut [f64] {
        let simd = Simd::detect();
        let rows = block.len() / scaler.dim();
        let pitch = narrow::pitch(scaler.dim() + 1);
        self.z.resize(rows * pitch, 0.0);
        self.logits.resize(rows * (weights.len() / pitch), 0.0);
        let (mean, scale) = scaler.columns();
        narrow::rows(simd, block, mean, scale, &mut self.z);
        narrow::outputs(simd, pitch, &self.z, weights, &mut self.logits);
        &mut self.logits
    }
}

/// Mean cross-entropy of standardised rows and `l2 ‖W‖²`, for weights (D + 1, C) of which the last row is the bias.
pub(super) struct Problem<'a> {
    pub(super) train: &'a Features,
    pub(super) labels: &'a [u32],
    pub(super) classes: usize,
    pub(super) scaler: &'a Standardize,
    pub(super) l2: f64,
}

impl Problem<'_> {
    /// The Hessian at `w`, as one matrix for all classes: on a sample of rows, `mean_n u_n z_n z_nᵀ + 2 l2 I` with u_n the
    /// mean over the classes of p (1 − p), which is exact at w = 0 but for the classes' ties to one another; `None` where
    /// rows are too few to tell.
    pub(super) fn curvature(&self, w: &[f64]) -> Option<Curvature> {
        let (rows, dim) = (self.train.rows(), self.train.dim);
        if rows < ENOUGH * dim {
            return None;
        }
        let count = rows.min(SAMPLE.max(ENOUGH * dim));
        let chosen: Vec<usize> = (0..count).map(|i| i * rows / count).collect();
        let (size, weights) = (dim + 1, padded(w, self.classes));
        let mut weighted = vec![0.0; count * size];
        weighted
            .par_chunks_mut(BLOCK * size)
            .zip(chosen.par_chunks(BLOCK))
            .for_each_init(Space::default, |space, (to, chosen)| {
                let block: Vec<f32> = chosen
                    .iter()
                    .flat_map(|&i| self.train.row(i))
                    .copied()
                    .collect();
                let logits = space.logits(self.scaler, &block, &weights);
                let spreads: Vec<f64> = logits
                    .chunks_exact_mut(self.classes)
                    .map(|row| spread(row).sqrt())
                    .collect();
                let z = space.z.chunks_exact(narrow::pitch(size));
                for ((to, z), spread) in to.chunks_exact_mut(size).zip(z).zip(spreads) {
                    for (to, z) in to.iter_mut().zip(z) {
                        *to = (z * spread) as f32;
                    }
                }
            });
        let products = Products::F32(Simd::detect());
        let of = (size, size, count);
        let mut sums = vec![0.0; size * size];
        let mut space = vec![0.0; products.over_rows_workspace(of)];
        products.over_rows(of, &weighted, &weighted, (&mut sums, None), &mut space);
        let mut matrix: Vec<f64> = sums.iter().map(|x| f64::from(*x) / count as f64).collect();
        let mean = (0..size).map(|i| matrix[i * size + i]).sum::<f64>() / size as f64;
        for i in 0..size {
            matrix[i * size + i] += (2.0 * self.l2).max(LEAST * mean);
        }
        Curvature::of(matrix, size)
    }

    /// The objective at `w` (D + 1, C); `gradient` receives its gradient.
    pub(super) fn objective(&self, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (rows, dim) = (self.train.rows(), self.train.dim);
        let part = rows.div_ceil(PARTS).max(4 * BLOCK);
        let weights = padded(w, self.classes);
        let sums: Vec<(f64, Vec<f64>)> = self
            .train
            .values
            .par_chunks(part * dim)
            .zip(self.labels.par_chunks(part))
            .map(|(values, labels)| self.part(&weights, values, labels))
            .collect();
        let mut loss = 0.0;
        let mut total = vec![0.0; weights.len()];
        for (part_loss, part_gradient) in sums {
            loss += part_loss;
            for (g, p) in total.iter_mut().zip(part_gradient) {
                *g += p;
            }
        }
        let pitch = narrow::pitch(dim + 1);
        for (feature, gradient) in gradient.chunks_exact_mut(self.classes).enumerate() {
            for (g, total) in gradient.iter_mut().zip(total.chunks_exact(pitch)) {
                *g = total[feature];
            }
        }
        let scale = 1.0 / rows as f64;
        let mut penalty = 0.0;
        for g in gradient.iter_mut() {
            *g *= scale;
        }
        let penalised = dim * self.classes; // all but the bias
        for (g, w) in gradient.iter_mut().zip(&w[..penalised]) {
            *g += 2.0 * self.l2 * w;
            penalty += w * w;
        }
        loss * scale + self.l2 * penalty
    }

    /// Summed cross-entropy of some rows and its gradient, both with and by `weights` (C, pitch).
    fn part(&self, weights: &[f64], values: &[f32], labels: &[u32]) -> (f64, Vec<f64>) {
        let dim = self.train.dim;
        let mut gradient = vec![0.0; weights.len()];
        let mut space = Space::default();
        let mut loss = 0.0;
        for (block, labels) in values.chunks(BLOCK * dim).zip(labels.chunks(BLOCK)) {
            let logits = space.logits(self.scaler, block, weights);
            for (row, label) in logits.chunks_exact_mut(self.classes).zip(labels) {
                loss += cross_entropy(row, *label as usize);
            }
            let pitch = weights.len() / self.classes;
            narrow::add_gradient(
                Simd::detect(),
                pitch,
                &space.z,
                &space.logits,
                &mut gradient,
            );
        }
        (loss, gradient)
    }
}

/// The mean over the classes of p (1 − p), p = softmax(row); `row` becomes weights of its classes.
fn spread(row: &mut [f64]) -> f64 {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for v in row.iter_mut() {
        *v = (*v - most).exp();
    }
    let total: f64 = row.iter().sum();
    let each = row.iter().map(|v| v / total * (1.0 - v / total));
    each.sum::<f64>() / row.len() as f64
}

/// −log softmax(row)[label]; `row` becomes its gradient, softmax − onehot(label).
fn cross_entropy(row: &mut [f64], label: usize) -> f64 {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let right = row[label] - most;
    let mut total = 0.0;
    for v in row.iter_mut() {
        *v = (*v - most).exp();
        total += *v;
    }
    for v in row.iter_mut() {
        *v /= total;
    }
    row[label] -= 1.0;
    total.ln() - right
}
