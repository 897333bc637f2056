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
    sink: impl FnMut(Features) -> Result<()>,
) -> Result<Vec<Bad>> {
    let first = |seen: &[Tensor]| match seen {
        [first, ..] => apply(first),
        [] => Err(Error::Failed("there is no view to embed".into())),
    };
    embed_views(dataset, views, (batch, workers, 0), device, first, sink)
}

/// As [`embed`], with all views of the images: `apply` gets a batch (B, C, H, W) of each.
///
/// Views that draw do so from `seed`, the third of the settings, in the first epoch.
///
/// # Errors
/// As [`embed`].
pub fn embed_views(
    dataset: &Arc<dyn Dataset>,
    views: &Arc<dyn Views>,
    (batch, workers, seed): (usize, usize, u64),
    device: &Device,
    mut apply: impl FnMut(&[Tensor]) -> Result<Tensor>,
    mut sink: impl FnMut(Features) -> Result<()>,
) -> Result<Vec<Bad>> {
    let config = LoaderConfig {
        batch,
        workers,
        prefetch: 2,
        seed,
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
        let count = loaded.samples.len();
        let seen = loaded.views.into_iter().map(|view| {
            let [c, h, w] = view.shape;
            Ok(Tensor::from_vec(view.values, (count, c, h, w), device)?)
        });
        let z = apply(&seen.collect::<Result<Vec<_>>>()?)?;
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
