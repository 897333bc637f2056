//! `ravine probe`: how well a probe reads classes from frozen features.

use std::path::PathBuf;
use std::sync::Arc;

use super::judge::{
    Pair, beside, draws, knn_accuracy, labels, logistic_accuracy, measured, rows_of, seen,
};
use super::linear::{LEARNING_RATES, sweep};
use super::pretrain::{Machine, load_checkpoint, load_run};
use super::setup::Setup;
use super::{print_json, print_text};
use crate::data::{Dataset, require_classes};
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::card::{Beside, ProbeCard};
use crate::eval::few_labels::Repeated;
use crate::eval::knn::Knn;
use crate::eval::logistic::Logistic;
use crate::eval::retrieval::{RetrievalCard, retrieve};
use crate::graph::Network;

/// The k of recall@k.
const RECALL_AT: [usize; 3] = [1, 5, 10];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Labelled images, for example of another data set (transfer); the run's own data when left out.
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
enum Kind {
    /// Weighted vote of the nearest training images.
    Knn,
    /// One linear layer by stochastic gradient descent; of seven learning rates the one that validation images choose.
    Linear,
    /// Logistic regression to convergence.
    Logistic,
    /// Ranking the training images by cosine: recall@k and mean average precision.
    Retrieval,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Split {
    Validation,
    Test,
}

impl Args {
    /// Options that would change nothing are refused: whoever gives one expects something of it.
    fn check(&self) -> Result<()> {
        if self.labels_per_class == Some(0) || self.seeds == Some(0) {
            return Err(Error::Usage(
                "--labels-per-class and --seeds must be 1 or more; leave them out for all labels"
                    .into(),
            ));
        }
        if self.seeds.is_some() && self.labels_per_class.is_none() {
            return Err(Error::Usage(
                "--seeds counts draws of labels; give --labels-per-class too".into(),
            ));
        }
        let idle = [
            ("--k", self.k.is_some(), &[Kind::Knn, Kind::Retrieval][..]),
            ("--temperature", self.temperature.is_some(), &[Kind::Knn]),
            ("--l2", self.l2.is_some(), &[Kind::Logistic]),
        ];
        for (option, given, kinds) in idle {
            if given && !kinds.contains(&self.kind) {
                let kinds: Vec<String> = kinds.iter().map(|kind| kind.name()).collect();
                return Err(Error::Usage(format!(
                    "{option} says nothing to --kind {}; it belongs to {}",
                    self.kind.name(),
                    kinds.join(" and ")
                )));
            }
        }
        Ok(())
    }
}

impl Kind {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (_, mut config, checkpoint) = load_run(&args.run, &args.checkpoint, &args.machine)?;
    if let Some(data) = &args.data {
        config.data.source.clone_from(data);
        config.data.reader = crate::data::ReaderKind::Auto;
    }
    args.check()?;
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
    if args.kind == Kind::Retrieval {
        return retrieval(args, &setup, &network, (part, split), json);
    }
    let mut pairs = beside(&setup, &network, &splits.train, part)?;
    tell_missing(&pairs.pretrained.train, &splits.train);
    tell_missing(&pairs.pretrained.test, part);
    let validation =
        args.kind == Kind::Linear && args.split == Split::Test && !splits.validation.is_empty();
    if validation {
        let seen = seen(&setup, &network, &splits.validation)?;
        pairs.pretrained.validation = Some(seen.pretrained);
        pairs.untrained.validation = Some(seen.untrained);
        pairs.raw.validation = Some(seen.raw);
    }
    let seeds = args.seeds.unwrap_or(setup.config.probe.seeds);
    let known = labels(&splits.train)?;
    let draws = draws(&known, args.labels_per_class, setup.config.seed, seeds)?;
    let probe = Probe::new(args, &setup, pairs.pretrained.train.rows());
    let mut rates = Vec::new();
    let (accuracy, interval) = measured(&pairs, |pair| {
        let values = draws.iter().zip(0..).map(|(rows, seed)| {
            // Unreadable images have no row: rows are found by the images' ids.
            let train = rows_of(pair, &splits.train, rows);
            let (accuracy, rate) = probe.accuracy(&train, pair, seed)?;
            if seed == 0 {
                rates.extend(rate);
            }
            Ok(accuracy)
        });
        Ok(Repeated::of(values.collect::<Result<_>>()?))
    })?;
    let knn = (args.kind == Kind::Knn).then_some(probe.knn);
    let chosen = if validation {
        "validation"
    } else {
        "held-out training images"
    };
    let linear = args.kind == Kind::Linear;
    let card = ProbeCard {
        kind: args.kind.name(),
        split: split.into(),
        labels_per_class: args.labels_per_class,
        seeds: draws.len() as u64,
        k: knn.map(|knn| knn.k),
        temperature: knn.map(|knn| knn.temperature),
        bank: knn.map(|_| rows_of(&pairs.pretrained, &splits.train, &draws[0]).rows()),
        l2: (args.kind == Kind::Logistic).then_some(probe.logistic.l2),
        data: args.data.clone(),
        learning_rates: linear.then(|| LEARNING_RATES.to_vec()),
        chosen_on: linear.then(|| chosen.into()),
        learning_rate: match rates.as_slice() {
            &[pretrained, untrained, raw] => Some(Beside {
                pretrained,
                untrained,
                raw,
            }),
            _ => None,
        },
        accuracy,
        interval,
    };
    if json {
        return print_json(&card);
    }
    print_text(&card.to_string())
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

/// The images of `part` search those of the training part.
fn retrieval(
    args: &Args,
    setup: &Setup,
    network: &Network,
    (part, split): (&Arc<dyn Dataset>, &str),
    json: bool,
) -> Result<()> {
    if args.labels_per_class.is_some() {
        return Err(Error::Usage(
            "retrieval fits nothing and searches all labelled images; leave --labels-per-class out"
                .into(),
        ));
    }
    let ks = args.k.map_or(RECALL_AT.to_vec(), |k| vec![k]);
    if ks.contains(&0) {
        return Err(Error::Usage("--k must be 1 or more".into()));
    }
    let pairs = beside(setup, network, &setup.splits.train, part)?;
    tell_missing(&pairs.pretrained.train, &setup.splits.train);
    tell_missing(&pairs.pretrained.test, part);
    let found = |pair: &Pair| retrieve(&pair.train, &pair.test, &ks);
    let (pretrained, untrained, raw) = (
        found(&pairs.pretrained)?,
        found(&pairs.untrained)?,
        found(&pairs.raw)?,
    );
    let card = RetrievalCard {
        kind: "retrieval".into(),
        data: setup.config.data.source.clone(),
        split: split.into(),
        gallery: pairs.pretrained.train.rows(),
        queries: pretrained.queries,
        metric: "cosine".into(),
        k: ks.clone(),
        map: Beside {
            pretrained: pretrained.map,
            untrained: untrained.map,
            raw: raw.map,
        },
        recall: Beside {
            pretrained: pretrained.recall,
            untrained: untrained.recall,
            raw: raw.recall,
        },
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

    /// Fit on `train`, judge on the pair's test part: accuracy, and the learning rate where one was chosen.
    fn accuracy(
        &self,
        train: &Features,
        pair: &Pair,
        repetition: u64,
    ) -> Result<(f64, Option<f64>)> {
        let test = &pair.test;
        Ok(match self.kind {
            Kind::Knn => (knn_accuracy(self.knn, train, test)?, None),
            Kind::Linear => {
                let (validation, seed) = (pair.validation.as_ref(), self.seed + repetition);
                let swept = sweep(train, validation, test, self.classes, seed)?;
                (swept.accuracy, Some(swept.learning_rate))
            }
            Kind::Logistic | Kind::Retrieval => {
                (logistic_accuracy(self.logistic, train, test)?, None)
            }
        })
    }
}
