//! A data set through a function, batch by batch.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::Features;
use crate::data::{Bad, Dataset, Loader, LoaderConfig, Views};
use crate::error::{Error, Result};

/// Pass the first view of every readable image of `dataset` through `apply` and hand the rows to `sink`, in order.
///
/// `apply` gets a batch (B, C, H, W) on `device` and returns (B, D). Nothing but one batch is held in
/// memory. Returns the images that could not be read.
///
/// # Errors
/// Those of `apply` and `sink`, and data that cannot be read at all.
pub fn embed(
    dataset: &Arc<dyn Dataset>,
    views: &Arc<dyn Views>,
    (batch, workers): (usize, usize),
    device: &Device,
    mut apply: impl FnMut(&Tensor) -> Result<Tensor>,
    mut sink: impl FnMut(Features) -> Result<()>,
) -> Result<Vec<Bad>> {
    let config = LoaderConfig {
        batch,
        workers,
        prefetch: 2,
        seed: 0,
        drop_last: false,
        shuffle: false,
    };
    let loader = Loader::new(dataset.clone(), views.clone(), config)?;
    let mut bad = Vec::new();
    for loaded in loader.steps(0, loader.batches_per_epoch()) {
        let mut loaded = loaded?;
        bad.append(&mut loaded.bad);
        if loaded.samples.is_empty() {
            continue;
        }
        let view = loaded.views.swap_remove(0);
        let [c, h, w] = view.shape;
        let x = Tensor::from_vec(view.values, (loaded.samples.len(), c, h, w), device)?;
        let z = apply(&x)?;
        let samples: Vec<usize> = loaded.samples.iter().map(|&s| s as usize).collect();
        sink(Features {
            dim: z.dim(1)?,
            values: z.flatten_all()?.to_vec1()?,
            labels: loaded.labels,
            ids: samples.iter().map(|&s| dataset.id(s)).collect(),
            samples,
            ..Features::default()
        })?;
    }
    if bad.len() == dataset.len() {
        let reason = bad.first().map_or("", |bad| bad.reason.as_str());
        return Err(Error::Failed(format!(
            "no image could be read; the first: {reason}"
        )));
    }
    Ok(bad)
}

/// As [`embed`], all rows in one matrix.
///
/// # Errors
/// As [`embed`].
pub fn collect(
    dataset: &Arc<dyn Dataset>,
    views: &Arc<dyn Views>,
    settings: (usize, usize),
    device: &Device,
    apply: impl FnMut(&Tensor) -> Result<Tensor>,
) -> Result<Features> {
    let mut all = Features::default();
    embed(dataset, views, settings, device, apply, |mut rows| {
        all.dim = rows.dim;
        all.values.append(&mut rows.values);
        all.ids.append(&mut rows.ids);
        all.samples.append(&mut rows.samples);
        all.labels.append(&mut rows.labels);
        Ok(())
    })?;
    Ok(all)
}
