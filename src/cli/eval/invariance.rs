//! `ravine eval invariance`: the energy between an image and the image after one augmentation.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

use super::opened::Args;
use crate::augment::{AugmentConfig, Operation, Resize};
use crate::cli::output::{print_json, print_text};
use crate::error::{Error, Result};
use crate::eval::rounded;

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
    let config = &opened.pairs.setup.config;
    let plain = vec![Operation::Resize(Resize::default())];
    let (same, other) = opened.pairs.after(plain)?;
    let mut rows = Vec::new();
    let mut push = |name: &str, ops: Vec<Operation>| -> Result<()> {
        let (energy, _) = opened.pairs.after(ops)?;
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
    let images = opened.pairs.images.len();
    if json {
        return print_json(&json!({
            "run": opened.folder.root().display().to_string(), "data": config.data.source,
            "part": opened.part, "images": images, "energy": config.energy.name(),
            "same_image": same, "other_images": other, "augmentations": rows,
        }));
    }
    let mut text = format!(
        "mean {} energy on {}, {} ({images} images)\n  {:<22}{:>9.4}\n  {:<22}{:>9.4}\n\n  {:<22}{:>9}{:>9}{:>9}\n",
        config.energy.name(),
        config.data.source,
        opened.part,
        "an image with itself",
        rounded(same, 4),
        "with another image",
        rounded(other, 4),
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
            rounded(row.energy, 4),
            rounded(row.cost, 4),
            rounded(100.0 * row.share, 1)
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
