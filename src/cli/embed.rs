//! `ravine embed`: the embeddings of a data set in a file.

use std::path::PathBuf;

use serde_json::json;

use super::pretrain::{Machine, load_checkpoint, load_run};
use super::setup::{EVAL_BATCH, Inference};
use super::{print_json, print_text};
use crate::data::{Part, open_part};
use crate::error::{Error, Result};
use crate::eval::{embed, writers};

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
        config.data.reader = crate::data::Reader::Auto;
    }
    let config = config.without_head();
    let Inference {
        network,
        views,
        device,
    } = Inference::new(&config)?;
    load_checkpoint(&checkpoint, &network)?;
    let position = network.graph().output(&args.output).ok_or_else(|| {
        let names: Vec<&str> = network
            .graph()
            .outputs()
            .iter()
            .map(|(n, _)| n.as_str())
            .collect();
        Error::Usage(format!(
            "--output {}: the network has the outputs {}",
            args.output,
            names.join(", ")
        ))
    })?;
    let dim = network.graph().shape(network.graph().outputs()[position].1)[0];
    let dataset = open_part(&config.data, args.part.into())?;
    let mut writer = writers::open(&args.out, dim, dataset.classes())?;
    let mut rows = 0;
    let bad = embed::embed(
        &dataset,
        &views,
        (EVAL_BATCH, config.data.worker_count()),
        &device,
        |x| network.eval(x, &args.output),
        |features| {
            rows += features.rows();
            writer.append(&features)
        },
    )?;
    writer.finish()?;
    for bad in &bad {
        eprintln!("skipped {}: {}", bad.id, bad.reason);
    }
    if json {
        return print_json(&json!({
            "out": args.out.display().to_string(), "rows": rows, "dim": dim, "skipped": bad.len(),
        }));
    }
    print_text(&format!(
        "{}: {rows} embeddings of {dim} numbers\n",
        args.out.display()
    ))
}
