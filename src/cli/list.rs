//! `ravine list`: the parts a configuration can name.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::output::{print_json, print_text};
use crate::augment::Operation;
use crate::config::{Config, PRESETS};
use crate::data::{ReaderKind, generators};
use crate::encoders::EncoderKind;
use crate::energies::EnergyKind;
use crate::error::{Error, Result, hint};
use crate::eval::writers;
use crate::export;
use crate::heads::{HeadKind, LatentsKind};
use crate::inference::InferenceKind;
use crate::judge::{metrics, probes};
use crate::losses::LossKind;
use crate::negatives::NegativesKind;
use crate::optim::OptimizerKind;
use crate::registry::Entry;
use crate::regularizers::RegularizerKind;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One family; all when left out.
    family: Option<String>,
}

/// Every family with its parts, in the order of a pipeline.
fn families() -> Result<Vec<(&'static str, Vec<Entry>)>> {
    Ok(vec![
        ("presets", presets()),
        ("methods", methods()?),
        ("readers", ReaderKind::entries()),
        ("generators", generators::entries()),
        ("augmentations", Operation::entries()),
        ("encoders", EncoderKind::entries()),
        ("energies", EnergyKind::entries()),
        ("losses", LossKind::entries()),
        ("negatives", NegativesKind::entries()),
        ("regularizers", RegularizerKind::entries()),
        ("heads", HeadKind::entries()),
        ("latents", LatentsKind::entries()),
        ("inference", InferenceKind::entries()),
        ("optimizers", OptimizerKind::entries()),
        ("probes", probes::entries()),
        ("metrics", metrics::entries()),
        ("writers", writers::entries()),
        ("exports", export::entries()),
    ])
}

/// Presets, each described by the comment it starts with.
fn presets() -> Vec<Entry> {
    PRESETS
        .iter()
        .map(|(name, text)| Entry {
            name,
            about: text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("# ")
                .into(),
            defaults: String::new(),
        })
        .collect()
}

/// The presets that learn without labels, each as its row of the one table.
fn methods() -> Result<Vec<Entry>> {
    let mut rows = Vec::new();
    for (name, _) in PRESETS {
        let config = Config::load(Some(name), &[])?;
        if !config.all_heads().is_empty() || name.starts_with("lab/") {
            continue;
        }
        let regularizers: Vec<&str> = config
            .regularizers
            .iter()
            .map(RegularizerKind::name)
            .collect();
        let target = match (&config.target, &config.predictor) {
            (Some(_), Some(_)) => "momentum, predictor",
            (Some(target), None) if target.center.is_some() => "momentum, centred",
            (Some(_), None) => "momentum",
            (None, Some(_)) => "stop-gradient, predictor",
            (None, None) => "shared weights",
        };
        let regularizers = if regularizers.is_empty() {
            "none".into()
        } else {
            regularizers.join(" + ")
        };
        rows.push(Entry {
            name,
            about: format!(
                "energy {}; negatives {}; loss {}; regularizers {regularizers}; target {target}",
                config.energy.name(),
                config
                    .negatives
                    .as_ref()
                    .map_or("in_batch", NegativesKind::name),
                config.loss.name(),
            ),
            defaults: String::new(),
        });
    }
    Ok(rows)
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let mut families = families()?;
    if let Some(wanted) = &args.family {
        let names: Vec<&str> = families.iter().map(|(name, _)| *name).collect();
        if !names.contains(&wanted.as_str()) {
            return Err(Error::Usage(format!(
                "there is no family `{wanted}`; {}",
                hint(wanted, names.iter().copied())
            )));
        }
        families.retain(|(name, _)| name == wanted);
    }
    if json {
        let object: Map<String, Value> = families
            .into_iter()
            .map(|(family, entries)| {
                let entries = entries
                    .iter()
                    .map(|e| json!({"name": e.name, "about": e.about, "defaults": e.defaults}));
                (family.to_string(), Value::Array(entries.collect()))
            })
            .collect();
        return print_json(&object);
    }
    let mut text = String::new();
    for (family, entries) in families {
        let _ = writeln!(text, "{family}");
        for entry in entries {
            let _ = writeln!(text, "  {:<20} {}", entry.name, entry.about);
            if args.family.is_some() {
                for line in entry.defaults.lines() {
                    let _ = writeln!(text, "  {:<20}   {line}", "");
                }
            }
        }
    }
    print_text(&text)
}
