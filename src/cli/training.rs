//! What `ravine pretrain` and `ravine train` share: the same loop, with or without labels.

use std::fmt::Display;
use std::path::PathBuf;

use serde::Serialize;

use super::hardware::Hardware;
use super::output::{note, print_json, print_text};
use super::progress::Bars;
use super::stop::stop_flag;
use crate::assembly::{Recipe, set_epochs};
use crate::config::{Config, preset};
use crate::error::{Error, Result};
use crate::run::{Budget, Place, Session, newest, usual_name, within};
use crate::train::RunFolder;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A preset (see `ravine list presets`) or a TOML file; the embedded digits when left out.
    config: Option<String>,
    /// Folder or file of images, or `digits`; given several times, all of them together. With --resume, where the same
    /// data have been moved to.
    #[arg(long, value_name = "PATH")]
    data: Vec<String>,
    /// What the run may cost, instead of a number of epochs: a time on this machine (90s, 10m, 2h) or images to see
    /// (200k, 1.5M).
    #[arg(long, visible_alias = "time", conflicts_with = "resume")]
    budget: Option<Budget>,
    /// Run folder; METHOD-DATA below --runs when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the runs that are given no folder of their own.
    #[arg(long, value_name = "DIR", default_value = "runs", env = "RAVINE_RUNS")]
    runs: PathBuf,
    /// Change one key of the configuration, for example --set train.epochs=5.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Go on with the run in --out from its latest checkpoint.
    #[arg(long)]
    resume: bool,
    /// Epochs that the resumed run is to have in all: a finished run goes on.
    #[arg(long, value_name = "N", requires = "resume")]
    epochs: Option<u64>,
    /// Go on although config.toml has been edited since the run was started.
    #[arg(long, requires = "resume")]
    accept_changes: bool,
    /// Replace the run in --out.
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    #[command(flatten)]
    hardware: Hardware,
}

impl Args {
    /// Of a configuration that is trained without a line of its own.
    pub(super) fn of(config: Option<String>, data: Option<String>, sets: Vec<String>) -> Self {
        Self {
            config,
            data: data.into_iter().collect(),
            budget: None,
            out: None,
            runs: PathBuf::new(),
            sets,
            resume: false,
            epochs: None,
            accept_changes: false,
            force: false,
            hardware: Hardware::default(),
        }
    }
}

/// `work` under progress bars, until a signal says stop.
pub(super) fn watched(place: Place, work: impl FnOnce(Session) -> Result<()>) -> Result<()> {
    let mut bars = Bars::new();
    let stop = stop_flag()?;
    work(Session {
        place,
        observer: Some(&mut bars),
        stop: Some(&stop),
    })
}

pub(super) fn report(card: &(impl Serialize + Display), json: bool) -> Result<()> {
    if json {
        print_json(card)
    } else {
        print_text(&card.to_string())
    }
}

/// The configuration and the place of the run; `usual` is the preset for images where none is named.
pub(super) fn prepare(args: &Args, usual: &str) -> Result<(Config, Place)> {
    if args.resume {
        if args.config.is_some() || !args.sets.is_empty() {
            return Err(Error::Usage(
                "--resume goes on with the run's own configuration; leave out the preset and --set, and give the \
                 folder with --out"
                    .into(),
            ));
        }
        let unfinished = args.epochs.is_none();
        let newest = || {
            newest(&args.runs, unfinished)
                .inspect(|run| note(&format!("going on with {}", run.display())))
        };
        let out = args.out.clone().map_or_else(newest, Ok)?;
        let (mut config, place) = if args.accept_changes {
            Place::resume_edited(&out)?
        } else {
            Place::resume(&out)?
        };
        config.train.epochs = args.epochs.unwrap_or(config.train.epochs);
        if config.data.are_reordered(&args.data) {
            return Err(Error::Usage(format!(
                "--data: the run has its sources in another order, by which images are split into parts; give them as {}",
                config.data.sources_in_words()
            )));
        }
        config.data.use_sources(&args.data);
        if let Some(lost) = config.data.missing().filter(|_| args.data.is_empty()) {
            return Err(Error::data(
                lost,
                "the data of the run are not there any more; give the path they have been moved to with --data",
            ));
        }
        args.hardware.apply(&mut config)?;
        return Ok((config, place));
    }
    let (mut config, fitted) = configuration(args, usual)?;
    args.hardware.apply(&mut config)?;
    let config = sized(config, fitted, args)?;
    let force = args.force;
    if args.out.is_none() && !force {
        let place = Place::Free(args.runs.join(usual_name(&config)));
        return Ok((config, place));
    }
    let path = args
        .out
        .clone()
        .unwrap_or_else(|| args.runs.join(usual_name(&config)));
    RunFolder::check(&path, force)?;
    Ok((config, Place::New { path, force }))
}

/// `config` within the memory of this machine, where it was `fitted` to its data, and within `--budget`.
fn sized(config: Config, fitted: bool, args: &Args) -> Result<Config> {
    let given = |key: &str| {
        let mut keys = args.sets.iter().map(|set| set.split('=').next());
        keys.any(|own| own.map(str::trim) == Some(key))
    };
    if args.budget.is_some() && given("train.epochs") {
        return Err(Error::Usage(
            "--budget chooses train.epochs; give one of them".into(),
        ));
    }
    let trains = config.train.epochs > 0 && config.all_heads().is_empty();
    let fits = fitted && trains && !given("train.chunks");
    if !fits && args.budget.is_none() {
        return Ok(config);
    }
    let (config, reasons) = within(config, fits, args.budget)?;
    for reason in reasons {
        note(&reason);
    }
    Ok(config)
}

/// The configuration: a file or preset as it is, or a preset (`usual` when none is named) fitted to the images of
/// `--data`; and whether it was fitted.
pub(super) fn configuration(args: &Args, usual: &str) -> Result<(Config, bool)> {
    let named = args.config.as_deref();
    let ([data, more @ ..], true) = (
        args.data.as_slice(),
        named.is_none_or(|name| preset(name).is_some()),
    ) else {
        let mut config = Config::load(named, &args.sets)?;
        config.data.use_sources(&args.data);
        return Ok((config, false));
    };
    let sets = args.sets.iter().cloned();
    let sets: Vec<String> = sets.chain(source_keys(data, more)).collect();
    let asked = Config::load(Some(named.unwrap_or("digits")), &sets);
    let table = |config: &Config| config.data.is_table();
    if (data == "digits" && more.is_empty()) || asked.as_ref().is_ok_and(table) {
        return Ok((asked?, false));
    }
    // Weights are of an encoder that nothing else takes the place of.
    let weights = sets
        .iter()
        .any(|set| set.starts_with("encoder") && set.contains("weights"));
    let told = |set: &String| {
        let of_weights = weights && set.starts_with("encoder");
        set.starts_with("data.") || set.starts_with("pretrained.") || of_weights
    };
    let of_data: Vec<String> = sets.into_iter().filter(told).collect();
    let preset = Config::load(Some(named.unwrap_or(usual)), &of_data)?;
    let mut recipe = Recipe::fit(preset)?;
    let epochs = args.sets.iter().rev();
    let mut epochs =
        epochs.filter_map(|set| set.strip_prefix("train.epochs=")?.trim().parse().ok());
    if let Some(epochs) = epochs.next() {
        set_epochs(&mut recipe.config, epochs); // warm-up and frozen part fit into them
    }
    let key = |set: &String| set.split('=').next().unwrap_or_default().trim().to_string();
    let mut given: Vec<String> = args.sets.iter().map(key).collect();
    given.extend(args.budget.map(|_| "train.epochs".into()));
    for reason in &recipe.reasons {
        // What was set is not what was chosen.
        if !given.iter().any(|key| reason.contains(key.as_str())) {
            note(reason);
        }
    }
    Ok((recipe.config.with(&args.sets)?, true))
}

/// The keys of a configuration that name the sources of `--data`.
fn source_keys(data: &str, more: &[String]) -> Vec<String> {
    let text = |source: &str| toml::Value::String(source.into());
    let mut keys = vec![format!("data.source={}", text(data))];
    if !more.is_empty() {
        let more = more.iter().map(|source| text(source)).collect();
        keys.push(format!("data.more={}", toml::Value::Array(more)));
    }
    keys
}
