//! The loader as the trainer's source of batches.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::source::{Loaded, Source};
use crate::data::{self, Dataset, Loader};
use crate::error::Result;
use crate::objectives::Batch;

/// Batches of a data set, moved to the training device.
pub struct LoaderSource {
    /// Decodes and augments.
    pub loader: Loader,
    /// What the loader loads.
    pub dataset: Arc<dyn Dataset>,
    /// Where batches go.
    pub device: Device,
    /// A number for each class, (C,), for heads that give vectors; becomes [`Batch::answers`] (B, 1).
    pub answers: Option<Vec<f32>>,
}

impl Source for LoaderSource {
    fn batches_per_epoch(&self) -> u64 {
        self.loader.batches_per_epoch()
    }

    fn steps(&self, first: u64, end: u64) -> Box<dyn Iterator<Item = Result<Loaded>> + '_> {
        let steps = self.loader.steps(first, end);
        Box::new(steps.map(|batch| {
            let batch = batch?;
            let answers = self.answers.as_ref().zip(known(&batch.labels));
            let answers = answers.map(|(of, labels)| {
                let rows = labels.len();
                let answers: Vec<f32> = labels.iter().map(|&label| of[label as usize]).collect();
                Tensor::from_vec(answers, (rows, 1), &self.device)
            });
            let mut loaded = to_device(batch, &self.device)?;
            loaded.batch.answers = answers.transpose()?;
            Ok(loaded)
        }))
    }

    fn samples(&self) -> usize {
        self.dataset.len()
    }

    fn describe(&self, sample: u64) -> String {
        self.dataset.id(sample as usize)
    }
}

/// The labels of a batch that may teach: all of its samples have one.
fn known(labels: &[Option<u32>]) -> Option<Vec<u32>> {
    labels.iter().copied().collect()
}

/// A batch of the loader, its views as tensors (B, C, H, W) on `device`; it has labels when all of its samples do.
///
/// # Errors
/// The device is out of memory.
pub fn to_device(batch: data::ImageBatch, device: &Device) -> Result<Loaded> {
    let rows = batch.samples.len();
    let inputs = batch
        .views
        .into_iter()
        .map(|view| {
            let [c, h, w] = view.shape;
            Tensor::from_vec(view.values, (rows, c, h, w), device)
        })
        .collect::<candle_core::Result<_>>()?;
    let labels = match known(&batch.labels) {
        Some(labels) => Some(Tensor::from_vec(labels, rows, device)?),
        None => None,
    };
    Ok(Loaded {
        batch: Batch {
            inputs,
            labels,
            answers: None,
            samples: batch.samples,
            step: 0,
            progress: 0.0,
        },
        bad: batch.bad,
    })
}
