//! `ravine probe`: how well a probe reads classes from frozen features.

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::card::encoders;
use super::pretrain::{Machine, load_checkpoint, load_run};
use super::print_text;
use super::setup::Setup;
use crate::data::{Dataset, require_classes};
use crate::error::{Error, Result, hint};
use crate::eval::Features;
use crate::judge::probes::{Asked, FeatureProbe, PROBES, Question, check};

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
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Neighbours that vote (knn), or the k of recall@k (retrieval).
    #[arg(long)]
    k: Option<usize>,
    /// Temperature of the votes (knn).
    #[arg(long)]
    temperature: Option<f64>,
    /// Weight of the squared weights (logistic).
    #[arg(long)]
    l2: Option<f64>,
    /// latest, best, or a name under checkpoints/.
    #[arg(long, default_value = "latest")]
    checkpoint: String,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Split {
    Validation,
    Test,
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

    fn probe(&self) -> Result<&'static dyn FeatureProbe> {
        let mut probes = PROBES.into_iter();
        let names = PROBES.map(FeatureProbe::name);
        let found = probes.find(|probe| probe.name() == self.kind);
        found.ok_or_else(|| {
            let hint = hint(&self.kind, names);
            Error::Usage(format!(
                "--kind {}: there is no such probe; {hint}",
                self.kind
            ))
        })
    }
}

/// The names that `--kind` takes.
fn kinds() -> PossibleValuesParser {
    PROBES
        .map(|probe| PossibleValue::new(probe.name()).help(probe.about()))
        .into()
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (probe, asked) = (args.probe()?, args.asked());
    let (_, mut config, checkpoint) = load_run(&args.run, &args.checkpoint, &args.machine)?;
    if let Some(data) = &args.data {
        config.data.source.clone_from(data);
        config.data.reader = crate::data::Reader::Auto;
    }
    check(probe, &asked)?;
    let mut setup = Setup::new(config.without_head())?;
    setup.splits = setup.splits.labelled();
    let splits = &setup.splits;
    require_classes(splits.train.as_ref(), &setup.config.data.source)?;
    let network = setup.network()?;
    load_checkpoint(&checkpoint, &network)?;
    let (part, split) = match args.split {
        Split::Validation => (&splits.validation, "validation"),
        Split::Test => (&splits.test, "test"),
    };
    let chooses = probe.chooses() && args.split == Split::Test && !splits.validation.is_empty();
    let validation = chooses.then_some(&splits.validation);
    let pairs = encoders(&setup, &network)?.pairs(&splits.train, part, validation)?;
    tell_missing(&pairs.pretrained.train, &splits.train);
    tell_missing(&pairs.pretrained.test, part);
    let found = probe.measure(&Question {
        pairs: &pairs,
        train: &splits.train,
        classes: splits.classes.len(),
        asked,
        config: &setup.config.probe,
        seed: setup.config.seed,
        source: &setup.config.data.source,
        transfer: args.data.is_some(),
        split,
    })?;
    if json {
        return print_text(&format!("{}\n", found.json()?));
    }
    print_text(&found.to_string())
}

/// Say how many images of `dataset` have no features.
fn tell_missing(features: &Features, dataset: &Arc<dyn Dataset>) {
    let missing = dataset.len() - features.rows();
    if missing > 0 {
        let all = dataset.len();
        eprintln!(
            "{missing} of {all} images could not be read and are left out; `ravine data check` lists them"
        );
    }
}
