//! `ravine probe`: how well a probe reads classes from frozen features.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::chosen::Chosen;
use super::output::print_text;
use super::part::one_of;
use super::progress::Bars;
use crate::data::Part;
use crate::error::Result;
use crate::judge::probes::{Asked, FeatureProbe, PROBES, find};
use crate::run::probe;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Labelled images, for example of another data set (transfer); the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// What reads the classes.
    #[arg(long, value_parser = kinds(), default_value = "logistic")]
    kind: String,
    /// Labels that the probe sees of each class; all when left out.
    #[arg(long, value_name = "N")]
    labels_per_class: Option<usize>,
    /// Draws of those labels.
    #[arg(long)]
    seeds: Option<u64>,
    /// Judge on this part: choices are made on validation, the test part is for the end.
    #[arg(
        long,
        alias = "split",
        default_value = "test",
        value_parser = one_of([Part::Validation, Part::Test])
    )]
    part: Part,
    /// Neighbours that vote (knn), or the k of recall@k (retrieval).
    #[arg(long)]
    k: Option<usize>,
    /// Temperature of the votes (knn).
    #[arg(long)]
    temperature: Option<f64>,
    /// Weight of the squared weights (logistic).
    #[arg(long)]
    l2: Option<f64>,
    #[command(flatten)]
    chosen: Chosen,
}

impl Args {
    fn asked(&self) -> Asked {
        Asked {
            labels_per_class: self.labels_per_class,
            seeds: self.seeds,
            k: self.k,
            temperature: self.temperature,
            l2: self.l2,
        }
    }
}

/// The names that `--kind` takes.
fn kinds() -> PossibleValuesParser {
    let value = |probe: &&dyn FeatureProbe| PossibleValue::new(probe.name()).help(probe.about());
    PROBES.iter().map(value).collect::<Vec<_>>().into()
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let mut opened = args.chosen.open(&args.run)?;
    if let Some(data) = &args.data {
        opened.use_data(data);
    }
    let mut bars = Bars::new();
    let found = probe(
        &opened,
        find(&args.kind)?,
        args.asked(),
        args.part,
        &mut bars,
    )?;
    if json {
        return print_text(&format!("{}\n", found.json()?));
    }
    print_text(&found.to_string())
}
