//! Rows in memory as the trainer's source of batches: a table, or features of a probe.

use candle_core::{Device, Tensor};

use super::source::{Loaded, Source};
use crate::data::table::Table;
use crate::error::Result;
use crate::objectives::Batch;
use crate::random::{Purpose, permutation, stream};

/// Inputs, and answers that are classes or vectors, in a new random order each epoch; a last batch may be smaller.
pub struct TableSource {
    /// Inputs, (N, `dim`) row-major.
    pub x: Vec<f32>,
    /// Numbers in an input.
    pub dim: usize,
    /// Classes, (N,); becomes [`Batch::labels`].
    pub labels: Option<Vec<u32>>,
    /// Vectors, (N, D) row-major, and D; becomes [`Batch::answers`].
    pub answers: Option<(Vec<f32>, usize)>,
    /// Rows a step; 1 or more.
    pub batch: usize,
    /// Decides the order of each epoch.
    pub seed: u64,
    /// Where batches are made.
    pub device: Device,
}

impl TableSource {
    /// The rows of a table.
    #[must_use]
    pub fn of(table: &Table, batch: usize, seed: u64, device: &Device) -> Self {
        let dim = table.y_dim();
        Self {
            x: table.x.clone(),
            dim: table.x_dim(),
            labels: table.labels.clone(),
            answers: (dim > 0).then(|| (table.y.clone(), dim)),
            batch,
            seed,
            device: device.clone(),
        }
    }

    /// The order of the rows in `epoch`.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut rng = stream(self.seed, Purpose::Order, epoch, 0, 0);
        permutation(self.samples(), &mut rng)
    }

    fn batch(&self, step: u64, order: &[usize]) -> Result<Loaded> {
        let start = (step % self.batches_per_epoch()) as usize * self.batch;
        let rows = &order[start..order.len().min(start + self.batch)];
        let labels = self.labels.as_ref().map(|labels| {
            let chosen: Vec<u32> = rows.iter().map(|&i| labels[i]).collect();
            Tensor::from_vec(chosen, rows.len(), &self.device)
        });
        let answers = self.answers.as_ref();
        let answers = answers.map(|(values, dim)| self.chosen(values, *dim, rows));
        Ok(Loaded {
            batch: Batch {
                inputs: vec![self.chosen(&self.x, self.dim, rows)?],
                labels: labels.transpose()?,
                answers: answers.transpose()?,
                samples: rows.iter().map(|&i| i as u64).collect(),
                step,
                progress: 0.0,
            },
            bad: Vec::new(),
        })
    }

    /// The rows `rows` of `values` (N·dim).
    fn chosen(&self, values: &[f32], dim: usize, rows: &[usize]) -> Result<Tensor> {
        let chosen = rows.iter().flat_map(|&i| &values[i * dim..(i + 1) * dim]);
        let shape = (rows.len(), dim);
        Ok(Tensor::from_vec(
            chosen.copied().collect(),
            shape,
            &self.device,
        )?)
    }
}

impl Source for TableSource {
    fn batches_per_epoch(&self) -> u64 {
        self.samples().div_ceil(self.batch) as u64
    }

    fn steps(&self, first: u64, end: u64) -> Box<dyn Iterator<Item = Result<Loaded>> + '_> {
        let mut drawn = None; // once an epoch: a batch is a small part of it
        Box::new((first..end).map(move |step| {
            let epoch = step / self.batches_per_epoch();
            if drawn.as_ref().is_none_or(|(of, _)| *of != epoch) {
                drawn = Some((epoch, self.order(epoch)));
            }
            let order = drawn.as_ref().map_or(&[][..], |(_, order)| order);
            self.batch(step, order)
        }))
    }

    fn samples(&self) -> usize {
        self.x.len() / self.dim.max(1)
    }

    fn describe(&self, sample: u64) -> String {
        format!("row {sample}")
    }
}
