//! `ravine eval invariance`: the energy between an image and the image after one augmentation.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::{Args, Opened};
use crate::augment::{AugmentConfig, Operation, Resize, ViewConfig};
use crate::cli::{print_json, print_text};
use crate::data::{Loader, LoaderConfig};
use crate::error::{Error, Result};
use crate::graph::Mode;
use crate::objectives::Objective;
use crate::train::to_device;

/// Images whose energies are measured together.
const BATCH: usize = 128;

/// What one augmentation costs.
#[derive(Debug, Serialize)]
struct Row {
    /// The operation, or `all` for the first group of views as the run makes them.
    name: String,
    /// Mean energy between the image and the image after it, applied always.
    energy: f64,
    /// That above the energy of an image with itself.
    cost: f64,
    /// The cost as a share of what another image costs: 0 is not seen, 1 as bad as another image.
    share: f64,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let opened = args.open()?;
    let config = &opened.setup.config;
    let plain = vec![Operation::Resize(Resize::default())];
    let (same, other) = opened.energies(plain)?;
    let mut rows = Vec::new();
    let mut push = |name: &str, ops: Vec<Operation>| -> Result<()> {
        let (energy, _) = opened.energies(ops)?;
        let cost = energy - same;
        rows.push(Row {
            name: name.into(),
            energy,
            cost,
            share: cost / (other - same),
        });
        Ok(())
    };
    for operation in operations(&config.augment)? {
        push(operation.name(), vec![operation])?;
    }
    push("all", config.augment.views[0].ops.clone())?;
    let images = opened.images.len();
    if json {
        return print_json(&json!({
            "run": opened.folder.root().display().to_string(), "data": config.data.source,
            "split": opened.part, "images": images, "energy": config.energy.name(),
            "same_image": same, "other_images": other, "augmentations": rows,
        }));
    }
    let mut text = format!(
        "mean {} energy on {}, {} ({images} images)\n  {:<22}{same:>9.4}\n  {:<22}{other:>9.4}\n\n  {:<22}{:>9}{:>9}{:>9}\n",
        config.energy.name(),
        config.data.source,
        opened.part,
        "an image with itself",
        "with another image",
        "after",
        "energy",
        "cost",
        "share"
    );
    for row in &rows {
        let _ = writeln!(
            text,
            "  {:<22}{:>9.4}{:>9.4}{:>7.1} %",
            row.name,
            row.energy,
            row.cost,
            100.0 * row.share
        );
    }
    print_text(&text)
}

/// Every kind of operation that the views use, with the settings of its first use, applied always.
fn operations(augment: &AugmentConfig) -> Result<Vec<Operation>> {
    let mut found: Vec<Operation> = Vec::new();
    for operation in augment.views.iter().flat_map(|view| &view.ops) {
        if found.iter().any(|known| known.name() == operation.name()) {
            continue;
        }
        let failed = |e: serde_json::Error| {
            Error::Failed(format!(
                "`{}` cannot be set to always: {e}",
                operation.name()
            ))
        };
        let mut settings = serde_json::to_value(operation).map_err(failed)?;
        if let Some(p) = settings.get_mut("p") {
            *p = json!(1.0);
        }
        found.push(serde_json::from_value(settings).map_err(failed)?);
    }
    Ok(found)
}

impl Opened {
    /// Mean energies of each image with itself after `ops`, and with the other images of a batch.
    fn energies(&self, ops: Vec<Operation>) -> Result<(f64, f64)> {
        let view = |ops| ViewConfig {
            count: 1,
            size: None,
            ops,
        };
        let plain = vec![Operation::Resize(Resize::default())];
        let views = AugmentConfig {
            views: vec![view(plain), view(ops)],
            ..self.setup.config.augment.clone()
        };
        let views = Arc::new(views.build(self.setup.splits.channels)?);
        let loader = Loader::new(
            self.images.clone(),
            views,
            LoaderConfig {
                batch: BATCH.min(self.images.len()),
                workers: self.setup.workers(),
                prefetch: 2,
                seed: self.setup.config.seed,
                drop_last: false,
                shuffle: false,
            },
        )?;
        let (mut same, mut other, mut count) = (0.0, 0.0, 0.0);
        for loaded in loader.steps(0, loader.batches_per_epoch()) {
            let batch = to_device(loaded?, &self.setup.device)?.batch;
            if batch.len() < 2 {
                continue; // nothing to compare with
            }
            let embedded = self.joint.embed(&batch, Mode::Eval)?;
            let energies = self.joint.compared(&embedded.tensors, &batch)?;
            let mean = |t: &candle_core::Tensor| -> Result<f64> {
                Ok(f64::from(t.mean_all()?.to_scalar::<f32>()?))
            };
            let rows = batch.len() as f64;
            same += rows * mean(&energies.positive)?;
            other += rows * mean(energies.wrong()?)?;
            count += rows;
        }
        if count == 0.0 {
            return Err(Error::Failed("no two images could be read".into()));
        }
        Ok((same / count, other / count))
    }
}
