//! `ravine sweep`: trials one after another, ranked on the validation part.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::hardware::Hardware;
use super::output::{note, print_json, print_text};
use super::table::table;
use super::training::{Args as Training, configuration, watched};
use crate::atomic::write;
use crate::config::Config;
use crate::data;
use crate::data::table as rows;
use crate::error::{Error, Result};
use crate::run::{
    ListedRun, Place, RunState, SweepPlan, Trial, lower_is_better, pretrain, sweep_score,
    train_head,
};
use crate::train::RunFolder;

/// Validation samples below which a score is chance.
const FEWEST: usize = 16;

/// The configuration of all trials, as it was when the first was started.
const BASE: &str = "base.toml";

/// Trials that could not be finished, with the reason.
const FAILED: &str = "failed.json";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is tried, as TOML: `base`, `data`, `sets`, `out`, `search` (grid, or random with `trials` and `seed`), `score`, and
    /// a table `keys` with a list of values for each key, or { from = 0.001, to = 0.1, scale = "log" }.
    file: PathBuf,
    /// Folder of the trials; sweep-FILE below --runs when neither this nor `out` is given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the runs that are given no folder of their own.
    #[arg(long, value_name = "DIR", default_value = "runs", env = "RAVINE_RUNS")]
    runs: PathBuf,
    /// Name the trials, and make none.
    #[arg(long)]
    dry_run: bool,
    /// Make trials that have failed before once more.
    #[arg(long)]
    retry: bool,
    #[command(flatten)]
    hardware: Hardware,
}

/// A trial with what became of it.
#[derive(Serialize)]
struct Tried {
    #[serde(flatten)]
    trial: Trial,
    run: PathBuf,
    score: Option<f64>,
    verdict: Option<String>,
    /// Why it could not be finished.
    problem: Option<String>,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let plan = SweepPlan::load(&args.file)?;
    let trials = plan.trials()?;
    if args.dry_run {
        if json {
            return print_json(&trials);
        }
        let names = trials.iter().map(|trial| format!("{}\n", trial.name));
        return print_text(&names.collect::<String>());
    }
    let name = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let usual = || args.runs.join(format!("sweep-{name}"));
    let out = args
        .out
        .clone()
        .or_else(|| plan.out.clone())
        .unwrap_or_else(usual);
    let base = config(&plan, &[], args)?;
    check_validation(&base)?;
    let configs: Vec<Config> = trials
        .iter()
        .map(|trial| config(&plan, &trial.sets, args))
        .collect::<Result<_>>()?; // every value is looked at before the first trial is made
    keep_base(&out, &base)?;
    let mut failed = failures(&out)?;
    if args.retry {
        failed.clear();
        write(&out.join(FAILED), "{}")?;
    }
    let (mut tried, mut unscored) = (Vec::new(), None);
    for (number, (trial, config)) in trials.into_iter().zip(configs).enumerate() {
        let run = out.join(&trial.name);
        if !failed.contains_key(&trial.name) {
            let held = RunFolder::is_run(&run) && ListedRun::read(&run)?.state == RunState::Running;
            if held {
                return Err(Error::Failed(format!(
                    "{} is being written by another process; wait for it, then give the command again",
                    run.display()
                )));
            }
            note(&format!("trial {}: {}", number + 1, trial.name));
            if let Err(error) = make(&run, &config) {
                stop_on(&error)?;
                note(&format!("{}: {error}", trial.name));
                failed.insert(trial.name.clone(), error.to_string());
                write(&out.join(FAILED), &json!(failed).to_string())?;
            }
        }
        let score = plan.score.as_deref();
        tried.push(ranked(trial, run, &failed, score, &mut unscored)?);
    }
    if tried.iter().all(|tried| tried.score.is_none()) {
        let failed = || Error::Failed("no trial could be finished; the lines above say why".into());
        return Err(unscored.unwrap_or_else(failed));
    }
    report(&out, plan.score.as_deref(), tried, json)
}

/// The configuration of a trial with the values `sets`.
fn config(plan: &SweepPlan, sets: &[String], args: &Args) -> Result<Config> {
    let sets = plan.sets.iter().chain(sets).cloned().collect();
    let training = Training::of(plan.base.clone(), plan.data.clone(), sets);
    let (mut config, _) = configuration(&training, "simclr")?;
    args.hardware.apply(&mut config)?;
    Ok(config)
}

/// Refuse data without a validation part: trials are never chosen on what cards are measured on.
fn check_validation(config: &Config) -> Result<()> {
    let count = if config.data.is_table() {
        rows::open(&config.data, config.data.split_seed)?
            .validation
            .len()
    } else {
        data::open(&config.data)?.validation.len()
    };
    if count >= FEWEST {
        return Ok(());
    }
    Err(Error::key(
        "data.validation",
        format!(
            "leaves {count} samples to choose on, and trials are never ranked on the test part; hold out at least {FEWEST}"
        ),
    ))
}

/// Keep what all trials start from, and refuse another one than before.
fn keep_base(out: &Path, base: &Config) -> Result<()> {
    let path = out.join(BASE);
    if path.is_file() {
        let before = Config::of_run(&path)?;
        let changes = base.changes(&before)?.into_iter();
        let changes: Vec<String> = changes
            .filter(|change| !change.is_of_the_machine())
            .map(|change| format!("\n  {change}"))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        return Err(Error::Usage(format!(
            "the trials in {} start from another configuration:{}\nput it back, or give another folder with --out",
            out.display(),
            changes.concat()
        )));
    }
    fs::create_dir_all(out)
        .map_err(|e| Error::data(out, format!("cannot be created: {e}; choose --out")))?;
    write(&path, &base.to_toml()?)
}

fn failures(out: &Path) -> Result<BTreeMap<String, String>> {
    let path = out.join(FAILED);
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_str(&text)
        .map_err(|e| Error::data(&path, format!("is damaged: {e}; remove it")))
}

/// Make a trial, or what is left of it; nothing where it is finished.
fn make(run: &Path, config: &Config) -> Result<()> {
    let mut place = Place::new(run);
    let mut config = config.clone();
    if RunFolder::is_run(run) {
        match ListedRun::read(run)?.state {
            RunState::Finished => return Ok(()),
            RunState::Stopped if run.join("latest").is_file() => {
                (config, place) = Place::resume(run)?;
            }
            _ => {
                place = Place::New {
                    path: run.into(),
                    force: true,
                }
            }
        }
    }
    watched(place, |session| {
        if config.all_heads().is_empty() {
            pretrain(&config, session).map(|_| ())
        } else {
            train_head(&config, session).map(|_| ())
        }
    })
}

/// A wish to stop stops the sweep; another error is the trial's own.
fn stop_on(error: &Error) -> Result<()> {
    match error {
        Error::Interrupted(_) => Err(Error::Interrupted(
            "stopped; the state of the trial is saved, go on with the same `ravine sweep`".into(),
        )),
        _ => Ok(()),
    }
}

fn ranked(
    trial: Trial,
    run: PathBuf,
    failed: &BTreeMap<String, String>,
    score: Option<&str>,
    unscored: &mut Option<Error>,
) -> Result<Tried> {
    let problem = failed.get(&trial.name).cloned();
    let (score, verdict) = if problem.is_some() {
        (None, None)
    } else {
        let found = match sweep_score(&RunFolder::read(&run)?, score) {
            Ok((_, value)) => Some(value),
            Err(error) => {
                note(&format!("{}: {error}", trial.name));
                *unscored = Some(error);
                None
            }
        };
        (found, ListedRun::read(&run)?.verdict)
    };
    Ok(Tried {
        trial,
        run,
        score,
        verdict,
        problem,
    })
}

/// The trials, the best first; those without a number last.
fn report(out: &Path, score: Option<&str>, mut tried: Vec<Tried>, json: bool) -> Result<()> {
    let scored = tried.iter().find(|trial| trial.score.is_some());
    let name = match scored {
        Some(trial) => sweep_score(&RunFolder::read(&trial.run)?, score)?.0,
        None => score.unwrap_or("score").into(),
    };
    let lower = lower_is_better(&name);
    let worth = |trial: &Tried| {
        let score = trial.score.unwrap_or(f64::NAN);
        let worth = if lower { -score } else { score };
        if worth.is_nan() {
            f64::NEG_INFINITY
        } else {
            worth
        }
    };
    tried.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    if json {
        return print_json(
            &json!({"out": out, "score": name, "part": "validation", "trials": tried}),
        );
    }
    let lines: Vec<Vec<String>> = tried
        .iter()
        .enumerate()
        .map(|(rank, tried)| {
            let score = tried
                .score
                .map_or("-".into(), |score| format!("{score:.4}"));
            let failed = tried.problem.as_ref().map(|_| "failed".to_string());
            let said = failed.or(tried.verdict.clone());
            vec![
                (rank + 1).to_string(),
                score,
                said.unwrap_or("-".into()),
                tried.trial.name.clone(),
            ]
        })
        .collect();
    let head = format!("{name} on validation");
    let mut text = table(&["rank", &head, "verdict", "trial"], &lines);
    if let Some(best) = tried.first().filter(|best| best.score.is_some()) {
        let run = best.run.display();
        let _ = writeln!(
            text,
            "\nthe best is {run}; `ravine runs {run}` shows its card, on data that it was not chosen by"
        );
    }
    print_text(&text)
}
