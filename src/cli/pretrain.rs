//! `ravine pretrain` and `ravine train`: the same loop, with or without labels.

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::card::{card, has_classes};
use super::judge::labels_per_class;
use super::linear::head_card;
use super::online::Online;
use super::progress::Bars;
use super::setup::{Setup, joint};
use super::source::LoaderSource;
use super::stop::stop_flag;
use super::{print_json, print_text};
use crate::atomic::AtomicFile;
use crate::config::Config;
use crate::data::{Loader, LoaderConfig, require_classes};
use crate::error::{Error, Result};
use crate::graph::Network;
use crate::train::{Checkpoint, Observer, Probe, Progress, RunFolder, Trainer};
use serde::Serialize;

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
    if config.head.is_some() {
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
    fit_and_judge(config, place, json)
}

fn fit_and_judge(config: Config, place: Place, json: bool) -> Result<()> {
    let (trained, folder) = fit(config, place)?;
    if trained.setup.config.head.is_some() {
        report(&folder, &head_card(&trained, &folder)?, json)
    } else {
        report(&folder, &card(&trained, &folder)?, json)
    }
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

/// Where a run is written.
enum Place {
    /// A new folder, made once everything else is known to be right.
    New { path: PathBuf, force: bool },
    /// The folder of a run to go on with.
    Resume(RunFolder),
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
    pub(super) floor: Option<f64>,
}

/// Set everything up, train, and put the last checkpoint's values into the network.
fn fit(config: Config, place: Place) -> Result<(Trained, RunFolder)> {
    let mut bars = Bars::new();
    let setup = Setup::new(config)?;
    if setup.config.head.is_some() {
        require_classes(setup.splits.train.as_ref(), &setup.config.data.source)?;
    }
    setup.check_memory()?;
    let network = setup.network()?;
    let mut objective = setup.objective(network.clone())?;
    let floor = objective.floor(setup.config.train.batch);
    let source = LoaderSource {
        loader: loader(&setup)?,
        dataset: setup.splits.train.clone(),
        device: setup.device.clone(),
    };
    let (folder, resume) = match place {
        Place::New { path, force } => (RunFolder::create(&path, force)?, false),
        Place::Resume(folder) => (folder, true),
    };
    write(&folder.file("config.toml"), &setup.config.to_toml()?)?;
    warn(&setup, &network, &mut bars)?;
    let online = Online::new(&setup, &network, floor)?;
    let probe = Probe {
        every: setup.config.probe.every,
        run: Box::new(|loss| online.probe(loss)),
    };
    let stop = stop_flag()?;
    let progress = Trainer {
        objective: objective.as_mut(),
        params: network.params(),
        optimizer: &setup.config.optimizer,
        config: &setup.config.train,
        source: &source,
        run: &folder,
        probe: Some(probe),
        observer: &mut bars,
        stop: &stop,
        max_bad_share: setup.config.data.max_bad_share,
    }
    .train(resume)?;
    drop(online);
    let trained = Trained {
        setup,
        network,
        progress,
        floor,
    };
    Ok((trained, folder))
}

fn loader(setup: &Setup) -> Result<Loader> {
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

/// Say what is about to happen, and what may go wrong by construction.
fn warn(setup: &Setup, network: &Network, bars: &mut Bars) -> Result<()> {
    let splits = &setup.splits;
    bars.message(&format!(
        "{} on {}: {} images to train on, {} for validation, {} for the test; {} executor",
        setup.config.method,
        setup.config.data.source,
        splits.train.len(),
        splits.validation.len(),
        splits.test.len(),
        setup.executor.name(),
    ));
    let wanted = setup.config.probe.labels_per_class;
    if setup.config.head.is_none() && has_classes(setup) {
        let seen = labels_per_class(setup)?;
        if let Some(seen) = seen.filter(|&seen| seen < wanted) {
            bars.message(&format!(
                "the smallest class has {seen} images to train on: the card's probe will see {seen} labels \
                 of each class, not {wanted}"
            ));
        }
    }
    if setup.config.train.slices > 1 {
        bars.message("train.slices: batch norm takes its statistics slice by slice");
    }
    if setup.config.head.is_none()
        && let Some(warning) = joint(&setup.config, network.clone())?.can_collapse()
    {
        bars.message(&format!("warning: {warning}"));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(text.as_bytes())
        .map_err(|e| Error::data(path, format!("cannot be written: {e}")))?;
    file.commit()
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
    let path = match checkpoint {
        "latest" | "best" => folder.pointed(checkpoint)?,
        name => folder.checkpoints().join(name),
    };
    if !path.is_dir() {
        return Err(Error::data(
            &path,
            "is no checkpoint of this run; use --checkpoint latest or best, or a name under checkpoints/",
        ));
    }
    Ok((folder, config, path))
}

/// Load `path` into the parameters of `network`.
pub(super) fn load_checkpoint(path: &Path, network: &Network) -> Result<()> {
    Checkpoint::load(path, network.params(), None).map(drop)
}
