//! A data set through a function, batch by batch.

use std::ops::Range;
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
    settings: (usize, usize, u64),
    device: &Device,
    apply: impl FnMut(&[Tensor]) -> Result<Tensor>,
    sink: impl FnMut(Features) -> Result<()>,
) -> Result<Vec<Bad>> {
    let all = 0..dataset.len();
    let bad = embed_range(dataset, views, settings, device, all, apply, sink)?;
    if bad.len() == dataset.len() {
        let reason = bad.first().map_or("", |bad| bad.reason.as_str());
        return Err(Error::Failed(format!(
            "no image could be read; the first: {reason}"
        )));
    }
    Ok(bad)
}

/// As [`embed_views`], of the images `range` alone, of which none may be readable: each row is, bit for bit, what a pass
/// over the whole set makes of it, since images come in the batches of that pass.
///
/// # Errors
/// As [`embed`].
pub fn embed_range(
    dataset: &Arc<dyn Dataset>,
    views: &Arc<dyn Views>,
    (batch, workers, seed): (usize, usize, u64),
    device: &Device,
    range: Range<usize>,
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
    let batches = (range.start / batch) as u64..range.end.div_ceil(batch) as u64;
    for loaded in loader.steps(batches.start, batches.end) {
        let loaded = loaded?;
        let of_range = |bad: &Bad| range.contains(&(bad.sample as usize));
        bad.extend(loaded.bad.into_iter().filter(of_range));
        let samples: Vec<usize> = loaded.samples.iter().map(|&s| s as usize).collect();
        if !samples.iter().any(|sample| range.contains(sample)) {
            continue;
        }
        let count = samples.len();
        let seen = loaded.views.into_iter().map(|view| {
            let [c, h, w] = view.shape;
            Ok(Tensor::from_vec(view.values, (count, c, h, w), device)?)
        });
        let z = apply(&seen.collect::<Result<Vec<_>>>()?)?;
        let rows = Features {
            dim: z.dim(1)?,
            values: z.flatten_all()?.to_vec1()?,
            labels: loaded.labels,
            ids: samples.iter().map(|&s| dataset.id(s)).collect(),
            samples,
            ..Features::default()
        };
        sink(within(rows, &range))?;
    }
    Ok(bad)
}

/// The rows of images of `range`.
fn within(rows: Features, range: &Range<usize>) -> Features {
    let inside = |&i: &usize| range.contains(&rows.samples[i]);
    let kept: Vec<usize> = (0..rows.samples.len()).filter(inside).collect();
    if kept.len() == rows.samples.len() {
        return rows;
    }
    rows.select(&kept)
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
