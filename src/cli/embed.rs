//! `ravine embed`: the embeddings of a data set in a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::pretrain::{Machine, load_checkpoint, load_run};
use super::setup::{EVAL_BATCH, Inference};
use super::stop::stop_flag;
use super::{print_json, print_text};
use crate::config::Config;
use crate::data::{Dataset, Part, open_part};
use crate::error::{Error, Result};
use crate::eval::{embed, writers};
use crate::graph::Network;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Folder or file of images; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// File to write: .parquet, .npy, .safetensors, .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which part of the data: all, train, validation, test.
    #[arg(long, value_enum, default_value_t = PartName::All)]
    part: PartName,
    /// Which output of the network: features (what probes use) or embedding (what the loss sees).
    #[arg(long, default_value = "features")]
    output: String,
    /// latest, best, or a name under checkpoints/.
    #[arg(long, default_value = "latest")]
    checkpoint: String,
    /// Share of images that may be unreadable before nothing is written; the run's own when left out.
    #[arg(long, value_name = "SHARE")]
    max_bad_share: Option<f64>,
    #[command(flatten)]
    machine: Machine,
}

/// Parts as the command line names them.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum PartName {
    All,
    Train,
    Validation,
    Test,
}

impl From<PartName> for Part {
    fn from(name: PartName) -> Self {
        match name {
            PartName::All => Self::All,
            PartName::Train => Self::Train,
            PartName::Validation => Self::Validation,
            PartName::Test => Self::Test,
        }
    }
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (_, mut config, checkpoint) = load_run(&args.run, &args.checkpoint, &args.machine)?;
    if let Some(data) = &args.data {
        config.data.source.clone_from(data);
        config.data.reader = crate::data::ReaderKind::Auto;
    }
    if let Some(share) = args.max_bad_share {
        config.data.max_bad_share = share;
        config.validate()?;
    }
    let config = config.without_head();
    let inference = Inference::new(&config)?;
    load_checkpoint(&checkpoint, &inference.network)?;
    let dim = output_dim(&inference.network, &args.output)?;
    let dataset = open_part(&config.data, args.part.into())?;
    let (rows, skipped) = write(args, &config, &inference, &dataset, dim)?;
    if json {
        return print_json(&json!({
            "out": args.out.display().to_string(), "rows": rows, "dim": dim, "skipped": skipped,
        }));
    }
    print_text(&format!(
        "{}: {rows} embeddings of {dim} numbers\n",
        args.out.display()
    ))
}

/// Numbers that the output called `name` has for one image.
fn output_dim(network: &Network, name: &str) -> Result<usize> {
    let outputs = network.graph().outputs();
    let position = network.graph().output(name).ok_or_else(|| {
        let names: Vec<&str> = outputs.iter().map(|(n, _)| n.as_str()).collect();
        Error::Usage(format!(
            "--output {name}: the network has the outputs {}",
            names.join(", ")
        ))
    })?;
    Ok(network.graph().shape(outputs[position].1)[0])
}

/// Write the whole file or none: how many rows it holds, and how many images were skipped.
fn write(
    args: &Args,
    config: &Config,
    inference: &Inference,
    dataset: &Arc<dyn Dataset>,
    dim: usize,
) -> Result<(usize, usize)> {
    let mut writer = writers::open(&args.out, dim, dataset.classes())?;
    let stop = stop_flag()?;
    let mut rows = 0;
    let bad = embed::embed(
        dataset,
        &inference.views,
        (EVAL_BATCH, config.data.worker_count()),
        &inference.device,
        |x| inference.network.eval(x, &args.output),
        |features| {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted(format!(
                    "stopped after {rows} of {} images; nothing was written",
                    dataset.len()
                )));
            }
            rows += features.rows();
            writer.append(&features)
        },
    )?;
    for bad in &bad {
        eprintln!("skipped {}: {}", bad.id, bad.reason);
    }
    let most = config.data.max_bad_share;
    if bad.len() as f64 > most * dataset.len() as f64 {
        return Err(Error::Failed(format!(
            "{} of {} images cannot be read, more than the share {most} that may be; nothing was written. Mend or \
             remove them, or raise --max-bad-share",
            bad.len(),
            dataset.len()
        )));
    }
    writer.finish()?;
    Ok((rows, bad.len()))
}
