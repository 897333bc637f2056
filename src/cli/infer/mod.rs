//! `ravine infer`: answers of a trained head, with their energies and probabilities.

mod answers;
mod questions;
mod table;
mod text;

use std::path::PathBuf;

use serde_json::json;

use self::answers::{classes, vectors};
use self::questions::{Asked, questions};
use self::table::Form;
use super::chosen::Chosen;
use super::output::{note, print_json, print_text};
use crate::assembly::HeadSetup;
use crate::atomic::AtomicFile;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::losses::LossKind;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Images or a table to ask about; the run's own test part when left out.
    #[arg(long, value_name = "PATH", conflicts_with = "x")]
    data: Option<String>,
    /// One input, its numbers separated by commas, in the units of the source.
    #[arg(long, value_name = "X,..", allow_hyphen_values = true)]
    x: Option<String>,
    /// Inverse temperature of the probabilities; that of the loss when left out.
    #[arg(long)]
    beta: Option<f64>,
    /// Most questions that are answered; 20 when left out, and all with --out.
    #[arg(long)]
    limit: Option<usize>,
    /// File to write the answers to, one line a question: .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Change one key, for example --set inference.kind=enumerate.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let run = args.chosen.open(&args.run)?;
    let config = run.config.with(&args.sets)?;
    args.sets.iter().try_for_each(|set| is_read(set))?;
    let form = args.out.as_deref().map(Form::of).transpose()?;
    if let Some(out) = &args.out {
        AtomicFile::create(out)?; // refused before anything is computed; nothing stays of it
    }
    let task = HeadSetup::of_run(&run, config)?;
    let beta = beta(args, &task.config)?;
    let model = task.model(None)?;
    run.load(model.network().params())?;
    let all = if args.out.is_some() { usize::MAX } else { 20 };
    let most = args.limit.unwrap_or(all).max(1);
    let about = (args.x.as_deref(), args.data.as_deref());
    let asked = questions(about, most, &task, &model)?;
    few_enough(&asked, &task.config)?;
    let rows = match task.space {
        Space::Classes(_) => classes(&task, &model, &asked, beta)?,
        Space::Vectors(_) => vectors(&task, &model, &asked, beta)?,
    };
    if let (Some(form), Some(out)) = (form, &args.out) {
        form.write(out, &task, &rows)?;
        let (out, count) = (out.display().to_string(), rows.len());
        return if json {
            print_json(&json!({"out": out, "rows": count, "beta": beta}))
        } else {
            print_text(&format!("{out}: answers to {count} questions\n"))
        };
    }
    if json {
        return print_json(&json!({
            "run": args.run.display().to_string(),
            "beta": beta,
            "inference": task.config.inference.name(),
            "rows": rows,
        }));
    }
    print_text(&text::text(&rows))
}

/// Say how many images have no answer because they cannot be read, and refuse where they are too many.
fn few_enough(asked: &Asked, config: &Config) -> Result<()> {
    let (missing, most) = (asked.coded.unreadable, config.data.max_bad_share);
    if missing == 0 {
        return Ok(());
    }
    let all = missing + asked.coded.rows()?;
    let sentence = format!(
        "{missing} of {all} images cannot be read and have no answer; `ravine data check` names them"
    );
    if missing as f64 > most * all as f64 {
        return Err(Error::Failed(format!(
            "{sentence}. Mend or remove them, or raise the share that may be: --set data.max_bad_share=0.5"
        )));
    }
    note(&sentence);
    Ok(())
}

/// The inverse temperature of the probabilities.
fn beta(args: &Args, config: &Config) -> Result<f64> {
    let of_loss = |loss: &LossKind| loss.part().beta();
    let beta = args.beta.or(of_loss(&config.loss)).unwrap_or(1.0);
    if beta > 0.0 && beta.is_finite() {
        return Ok(beta);
    }
    Err(Error::Usage(format!(
        "--beta {beta}: an inverse temperature must be a number above 0"
    )))
}

/// Tables and keys that asking a trained run does not read, but for `loss.beta`.
const UNREAD: [&str; 11] = [
    "method",
    "train",
    "optimizer",
    "loss",
    "negatives",
    "regularizers",
    "energy",
    "target",
    "projector",
    "probe",
    "pretrained",
];

/// Refuse a `--set` that a trained run no longer reads.
fn is_read(set: &str) -> Result<()> {
    let key = set.split('=').next().unwrap_or_default().trim();
    let table = key.split('.').next().unwrap_or_default();
    if key == "loss.beta" || !UNREAD.contains(&table) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--set {set}: `{key}` changes nothing in a run that is trained (what counts is inference, answers, data, \
         loss.beta and the like); leave it out, or train again with it"
    )))
}
