//! `ravine embed`: the embeddings of a data set in a file, or in a folder of parts.

use std::path::PathBuf;

use super::chosen::Chosen;
use super::output::{print_json, print_text};
use super::part::{by_name, one_of};
use super::progress::Bars;
use super::stop::stop_flag;
use crate::data::Part;
use crate::error::Result;
use crate::eval::writers::WrittenPrecision;
use crate::graph::Precision;
use crate::run::{Embedding, PositionPool, TokenReadout, embed};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Folder or file of images; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// File to write: .parquet, .npy, .safetensors, .csv or .jsonl; with --shard-rows a folder.
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// Fill a folder with Parquet files of N images each, for millions of rows; when it is stopped, the same command keeps
    /// the parts that are there and goes on after them.
    #[arg(long, value_name = "N")]
    shard_rows: Option<usize>,
    /// Replace the parts of another table that lie in the folder.
    #[arg(long, requires = "shard_rows")]
    force: bool,
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
    /// Any layer of the network in its place, by name: `layer3.0.relu`, `blocks.5.add2`. Maps are pooled.
    #[arg(long, value_name = "NAME", conflicts_with = "output")]
    layer: Option<String>,
    /// Which tokens of a vision transformer; left out: those that its features are made of.
    #[arg(long, value_parser = by_name(TokenReadout::ALL, TokenReadout::name))]
    tokens: Option<TokenReadout>,
    /// How the positions of a map, or the patch tokens, become one vector; left out: as the features are made (where a
    /// norm may follow), of a --layer their mean.
    #[arg(long, value_parser = by_name(PositionPool::ALL, PositionPool::name))]
    pool: Option<PositionPool>,
    /// Divide every vector by its length.
    #[arg(long)]
    normalize: bool,
    /// Kind of the written numbers.
    #[arg(
        long,
        default_value = "f32",
        value_parser = by_name(WrittenPrecision::ALL, WrittenPrecision::name)
    )]
    precision: WrittenPrecision,
    /// Of products: f32, or high (32-bit floats as two of 16 bits, where that is faster; features differ by about 1e-5).
    #[arg(
        long,
        default_value = "f32",
        value_parser = by_name(Precision::OF_FEATURES, Precision::name)
    )]
    matmul_precision: Precision,
    /// Average the whole picture and N - 1 random crops of it, the same in every run of this command.
    #[arg(long, value_name = "N", default_value_t = 1)]
    crops: usize,
    /// Average the mirror images too.
    #[arg(long)]
    flips: bool,
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
    opened.config.train.precision = args.matmul_precision;
    let wanted = Embedding {
        out: args.out.clone(),
        shard_rows: args.shard_rows,
        force: args.force,
        part: args.part,
        output: args.output.clone(),
        layer: args.layer.clone(),
        tokens: args.tokens,
        pool: args.pool,
        normalize: args.normalize,
        precision: args.precision,
        crops: args.crops,
        flips: args.flips,
    };
    let written = embed(&opened, &wanted, &mut Bars::new(), &*stop_flag()?)?;
    if json {
        return print_json(&written);
    }
    let sides: Vec<String> = written.shape.iter().map(usize::to_string).collect();
    let parts = written.parts.map_or(String::new(), |parts| {
        let (count, kept) = (parts.count, parts.kept);
        format!(" in {count} parts, {kept} of which were there already")
    });
    print_text(&format!(
        "{}: {} embeddings of {} numbers{parts}\n",
        written.out,
        written.rows,
        sides.join("x")
    ))
}
