//! `ravine probe`: how well a probe reads classes from frozen features.

use std::path::PathBuf;

use super::judge::{beside, draws, knn_accuracy, labels, logistic_accuracy, measured, rows_of};
use super::linear::linear_accuracy;
use super::pretrain::{Machine, load_checkpoint, load_run};
use super::setup::Setup;
use super::{print_json, print_text};
use crate::data::require_classes;
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::card::ProbeCard;
use crate::eval::few_labels::Repeated;
use crate::eval::knn::Knn;
use crate::eval::logistic::Logistic;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Labelled images; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// What reads the classes.
    #[arg(long, value_enum, default_value_t = Kind::Logistic)]
    kind: Kind,
    /// Labels that the probe sees of each class; all when left out.
    #[arg(long, value_name = "N")]
    labels_per_class: Option<usize>,
    /// Draws of those labels.
    #[arg(long)]
    seeds: Option<u64>,
    /// Judge on this part: choices are made on validation, the test part is for the end.
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Neighbours that vote (knn).
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
enum Kind {
    /// Weighted vote of the nearest training images.
    Knn,
    /// One linear layer by stochastic gradient descent.
    Linear,
    /// Logistic regression to convergence.
    Logistic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Split {
    Validation,
    Test,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (_, mut config, checkpoint) = load_run(&args.run, &args.checkpoint, &args.machine)?;
    if let Some(data) = &args.data {
        config.data.source.clone_from(data);
        config.data.reader = crate::data::Reader::Auto;
    }
    if args.labels_per_class == Some(0) || args.seeds == Some(0) {
        return Err(Error::Usage(
            "--labels-per-class and --seeds must be 1 or more; leave them out for all labels"
                .into(),
        ));
    }
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
    let pairs = beside(&setup, &network, &splits.train, part)?;
    let seeds = args.seeds.unwrap_or(setup.config.probe.seeds);
    let known = labels(&splits.train)?;
    let draws = draws(&known, args.labels_per_class, setup.config.seed, seeds)?;
    let probe = Probe::new(args, &setup, pairs.pretrained.train.rows());
    let (accuracy, interval) = measured(&pairs, |pair| {
        let values = draws.iter().zip(0..).map(|(rows, seed)| {
            // Unreadable images have no row: rows are found by the images' ids.
            let train = rows_of(pair, &splits.train, rows);
            probe.accuracy(&train, &pair.test, seed)
        });
        Ok(Repeated::of(values.collect::<Result<_>>()?))
    })?;
    let knn = (args.kind == Kind::Knn).then_some(probe.knn);
    let card = ProbeCard {
        kind: format!("{:?}", args.kind).to_lowercase(),
        split: split.into(),
        labels_per_class: args.labels_per_class,
        seeds: draws.len() as u64,
        k: knn.map(|knn| knn.k),
        temperature: knn.map(|knn| knn.temperature),
        bank: knn.map(|_| draws[0].len()),
        l2: (args.kind == Kind::Logistic).then_some(probe.logistic.l2),
        accuracy,
        interval,
    };
    if json {
        return print_json(&card);
    }
    print_text(&card.to_string())
}

/// The probe that was asked for.
struct Probe {
    kind: Kind,
    knn: Knn,
    logistic: Logistic,
    classes: usize,
    seed: u64,
}

impl Probe {
    fn new(args: &Args, setup: &Setup, rows: usize) -> Self {
        let config = &setup.config.probe;
        Self {
            kind: args.kind,
            knn: Knn {
                k: args.k.unwrap_or(config.k).min(rows),
                temperature: args.temperature.unwrap_or(config.temperature),
            },
            logistic: Logistic {
                l2: args.l2.unwrap_or(config.l2),
                ..Logistic::default()
            },
            classes: setup.splits.classes.len(),
            seed: setup.config.seed,
        }
    }

    /// Fit on `train`, judge on `test`.
    fn accuracy(&self, train: &Features, test: &Features, repetition: u64) -> Result<f64> {
        match self.kind {
            Kind::Knn => knn_accuracy(self.knn, train, test),
            Kind::Linear => linear_accuracy(train, test, self.classes, self.seed + repetition),
            Kind::Logistic => logistic_accuracy(self.logistic, train, test),
        }
    }
}
