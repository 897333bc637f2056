//! `ravine pretrain` and `ravine train`: the same loop, with or without labels.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::card::{card, has_classes};
use super::diagnosis::Diagnosis;
use super::fit::{Job, Place, fit, write};
use super::online::Online;
use super::progress::Bars;
use super::rehearsal::rehearse;
use super::setup::{PARTS, Setup, joint};
use super::{print_json, print_text, train_head};
use crate::config::Config;
use crate::data::{Loader, LoaderConfig};
use crate::error::{Error, Result};
use crate::graph::{Network, Precision};
use crate::judge::card_probes::labels_per_class;
use crate::objectives::Objective;
use crate::params::Params;
use crate::train::{Checkpoint, LoaderSource, Progress, RunFolder};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A preset (see `ravine list presets`) or a TOML file; the embedded digits when left out.
    config: Option<String>,
    /// Folder or file of images, or `digits`.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// Run folder; runs/METHOD-DATA when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Change one key of the configuration, for example --set train.epochs=5.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Go on with the run in --out from its latest checkpoint.
    #[arg(long)]
    resume: bool,
    /// Replace the run in --out.
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    #[command(flatten)]
    machine: Machine,
}

/// Choices about the machine that never change what is computed.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Machine {
    /// auto, cpu, cuda, cuda:1, metal.
    #[arg(long)]
    device: Option<String>,
    /// auto, candle, cpu.
    #[arg(long)]
    executor: Option<String>,
    /// Compute threads; all cores when left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Loader threads; one a core when left out.
    #[arg(long)]
    workers: Option<usize>,
}

impl Machine {
    /// Put what was given into `config`.
    pub(super) fn apply(&self, config: &mut Config) -> Result<()> {
        if let Some(device) = &self.device {
            config.device.clone_from(device);
        }
        if let Some(executor) = &self.executor {
            config.executor.clone_from(executor);
        }
        config.threads = self.threads.unwrap_or(config.threads);
        config.data.workers = self.workers.or(config.data.workers);
        config.validate()
    }
}

/// Pretrain, then measure what was learned.
pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (config, place) = prepare(args)?;
    if !config.all_heads().is_empty() {
        return Err(Error::key(
            "head",
            "pretraining learns without labels; use `ravine train` for a configuration with a head",
        ));
    }
    fit_and_judge(config, place, json)
}

/// Train any objective; a head is measured by its answers on the test part.
pub(super) fn train(args: &Args, json: bool) -> Result<()> {
    let (config, place) = prepare(args)?;
    if config.all_heads().is_empty() {
        return fit_and_judge(config, place, json);
    }
    let (card, folder) = train_head::run(config, place)?;
    report(&folder, &card, json)
}

fn fit_and_judge(config: Config, place: Place, json: bool) -> Result<()> {
    let (trained, folder) = fit_pairs(config, place)?;
    report(&folder, &card(&trained, &folder)?, json)
}

/// Write the card and print it.
fn report(folder: &RunFolder, card: &(impl Serialize + Display), json: bool) -> Result<()> {
    let text = serde_json::to_string_pretty(card)
        .map_err(|e| Error::Failed(format!("the card cannot be written: {e}")))?;
    write(&folder.file("card.json"), &format!("{text}\n"))?;
    if json {
        print_json(card)
    } else {
        print_text(&card.to_string())
    }
}

/// The configuration and the place of the run.
fn prepare(args: &Args) -> Result<(Config, Place)> {
    if args.resume {
        if args.config.is_some() || args.data.is_some() || !args.sets.is_empty() {
            return Err(Error::Usage(
                "--resume goes on with the run's own configuration; leave out the preset, --data and --set, \
                 and give the folder with --out"
                    .into(),
            ));
        }
        let out = args.out.clone().map_or_else(newest_run, Ok)?;
        let folder = RunFolder::resume(&out)?;
        let mut config = Config::of_run(&folder.file("config.toml"))?;
        args.machine.apply(&mut config)?;
        return Ok((config, Place::Resume(folder)));
    }
    let mut config = Config::load(args.config.as_deref(), &args.sets)?;
    if let Some(data) = &args.data {
        config.data.source.clone_from(data);
    }
    args.machine.apply(&mut config)?;
    let path = args
        .out
        .clone()
        .unwrap_or_else(|| free_name(&config, args.force));
    RunFolder::check(&path, args.force)?;
    let force = args.force;
    Ok((config, Place::New { path, force }))
}

/// `runs/METHOD-DATA`, numbered when it is taken and not to be replaced.
fn free_name(config: &Config, force: bool) -> PathBuf {
    let source = Path::new(&config.data.source);
    let data = source.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{}-{data}", config.method);
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .map(|name| Path::new("runs").join(name))
        .find(|path| force || !path.exists())
        .unwrap_or_else(|| Path::new("runs").join(name.clone()))
}

/// The run folder under `runs/` that was written last.
fn newest_run() -> Result<PathBuf> {
    let entries = fs::read_dir("runs").into_iter().flatten().flatten();
    let runs = entries.filter(|entry| entry.path().join("config.toml").is_file());
    runs.max_by_key(|run| {
        fs::metadata(run.path().join("metrics.jsonl"))
            .and_then(|m| m.modified())
            .ok()
    })
    .map(|run| run.path())
    .ok_or_else(|| {
        Error::Usage("there is no run under runs/ to resume; give its folder with --out".into())
    })
}

/// What training leaves in memory.
pub(super) struct Trained {
    pub(super) setup: Setup,
    pub(super) network: Network,
    pub(super) progress: Progress,
    pub(super) diagnosis: Diagnosis,
}

/// Set everything up, train, and put the last checkpoint's values into the network.
fn fit_pairs(config: Config, place: Place) -> Result<(Trained, RunFolder)> {
    let mut bars = Bars::new();
    let setup = Setup::new(config)?;
    setup.check_memory()?;
    let (network, found) = setup.started()?;
    let mut objective = joint(&setup.config, network.clone())?;
    let (batch, fewest) = (setup.config.train.batch, objective.fewest());
    if batch < fewest {
        return Err(Error::key(
            "train.batch",
            format!(
                "is {batch}; pairs are told from others of the batch, so give {fewest} or more"
            ),
        ));
    }
    let augment = &setup.config.augment;
    let sizes = augment.sizes();
    let answering = sizes.iter().filter(|&&size| size == augment.size);
    let floor = objective.floor(batch, answering.count());
    let diagnosis = Diagnosis::new(&setup.config, setup.splits.train.len(), floor)?;
    let source = LoaderSource {
        loader: loader(&setup)?,
        dataset: setup.splits.train.clone(),
        device: setup.device.clone(),
        answers: None,
    };
    let mut messages = messages(&setup)?;
    messages.extend(diagnosis.warnings());
    messages.extend(found);
    let steps = source.loader.batches_per_epoch() * setup.config.train.epochs;
    messages.push(rehearse(&setup, steps)?);
    let online = Online::new(&setup, &network, diagnosis.clone())?;
    let job = Job {
        config: &setup.config,
        objective: &mut objective,
        params: network.params(),
        source: &source,
        probe: Box::new(|loss| online.probe(loss)),
        data: (PARTS, setup.parts()),
        messages,
    };
    let (progress, folder) = fit(job, place, &mut bars)?;
    drop(online);
    let trained = Trained {
        setup,
        network,
        progress,
        diagnosis,
    };
    Ok((trained, folder))
}

/// The training part, shuffled and augmented.
pub(super) fn loader(setup: &Setup) -> Result<Loader> {
    let config = &setup.config;
    Loader::new(
        setup.splits.train.clone(),
        setup.train_views.clone(),
        LoaderConfig {
            batch: config.train.batch,
            workers: setup.workers(),
            prefetch: config.data.prefetch,
            seed: config.seed,
            drop_last: true,
            shuffle: true,
        },
    )
}

/// What is about to happen.
fn messages(setup: &Setup) -> Result<Vec<String>> {
    let splits = &setup.splits;
    let mut messages = vec![format!(
        "{} on {}: {} images to train on, {} for validation, {} for the test; {} executor",
        setup.config.method,
        setup.config.data.source,
        splits.train.len(),
        splits.validation.len(),
        splits.test.len(),
        setup.executor.name(),
    )];
    let wanted = setup.config.probe.labels_per_class;
    if has_classes(setup) {
        let seen = labels_per_class(&setup.config.probe, &splits.train, splits.classes.len())?;
        if let Some(seen) = seen.filter(|&seen| seen < wanted) {
            messages.push(format!(
                "the smallest class has {seen} images to train on: the card's probe will see {seen} labels \
                 of each class, not {wanted}"
            ));
        }
    }
    if setup.by_class() {
        messages.push(
            "negatives.kind looks at the labels of all training images: a probe with few labels says less than it \
             does of a method without labels"
                .into(),
        );
    }
    if setup.config.train.slices > 1 {
        messages.push("train.slices: batch norm takes its statistics slice by slice".into());
    }
    Ok(messages)
}

/// The network of a run with the values of one of its checkpoints: `latest`, `best` or `step-…`.
pub(super) fn load_run(
    root: &Path,
    checkpoint: &str,
    machine: &Machine,
) -> Result<(RunFolder, Config, PathBuf)> {
    let folder = RunFolder::read(root)?;
    let mut config = Config::of_run(&folder.file("config.toml"))?;
    machine.apply(&mut config)?;
    config.train.precision = Precision::F32; // nothing is trained
    let path = folder.checkpoint(checkpoint)?;
    Ok((folder, config, path))
}

/// Load `path` into the parameters of `network`.
pub(super) fn load_checkpoint(path: &Path, network: &Network) -> Result<()> {
    load_params(path, network.params())
}

/// Load `path` into `params`.
pub(super) fn load_params(path: &Path, params: &Params) -> Result<()> {
    Checkpoint::load(path, params, None).map(drop)
}
