//! `ravine embed`: the embeddings of a data set in a file.

use std::path::PathBuf;

use super::chosen::Chosen;
use super::output::{print_json, print_text};
use super::part::one_of;
use super::progress::Bars;
use super::stop::stop_flag;
use crate::data::Part;
use crate::error::Result;
use crate::run::{Embedding, embed};

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
    #[arg(
        long,
        alias = "split",
        default_value = "all",
        value_parser = one_of([Part::All, Part::Train, Part::Validation, Part::Test])
    )]
    part: Part,
    /// Which output of the network: features (what probes use) or embedding (what the loss sees).
    #[arg(long, default_value = "features")]
    output: String,
    /// Share of images that may be unreadable before nothing is written; the run's own when left out.
    #[arg(long, value_name = "SHARE")]
    max_bad_share: Option<f64>,
    #[command(flatten)]
    chosen: Chosen,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let mut opened = args.chosen.open(&args.run)?;
    if let Some(data) = &args.data {
        opened.use_data(data);
    }
    if let Some(share) = args.max_bad_share {
        opened.config.data.max_bad_share = share;
        opened.config.validate()?;
    }
    let wanted = Embedding {
        out: args.out.clone(),
        part: args.part,
        output: args.output.clone(),
    };
    let written = embed(&opened, &wanted, &mut Bars::new(), &*stop_flag()?)?;
    if json {
        return print_json(&written);
    }
    print_text(&format!(
        "{}: {} embeddings of {} numbers\n",
        written.out, written.rows, written.dim
    ))
}
