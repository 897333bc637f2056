//! `ravine neighbors`: the rows of a table of embeddings nearest to each of its rows, or to pictures of files.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::pictures::Pictures;
use super::{Asked, Csv, Watch, named};
use crate::assembly::OpenedRun;
use crate::cli::hardware::Hardware;
use crate::cli::output::{print_json, print_text};
use crate::cli::progress::Bars;
use crate::cli::stop::stop_flag;
use crate::embeddings::EmbeddingTable;
use crate::embeddings::neighbors::{Neighbor, nearest, neighbors};
use crate::error::{Error, Result};
use crate::run::{EmbeddedPictures, embed_pictures};

/// Rows that are shown on a terminal without being asked for.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Ids of the rows whose neighbors are wanted; all rows when left out.
    #[arg(long, value_name = "ID", num_args = 1..)]
    rows: Option<Vec<String>>,
    /// Pictures of files whose nearest rows are wanted: the run that made the table embeds them as it did the table.
    #[arg(long, value_name = "IMAGE", num_args = 1.., conflicts_with = "rows")]
    query: Option<Vec<PathBuf>>,
    /// Neighbors of each row.
    #[arg(short, long = "neighbors", default_value_t = 10)]
    k: usize,
    /// File to write: a line `id,rank,neighbor,cosine` for each, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pictures: Pictures,
    #[command(flatten)]
    hardware: Hardware,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let table = args.of.open()?;
    if let Some(files) = &args.query {
        return query(args, &table, files, json);
    }
    let rows = args.rows.as_ref().map(|ids| table.find(ids)).transpose()?;
    let count = rows.as_ref().map_or(table.rows(), Vec::len);
    let watch = Watch::rows(count)?;
    if let Some(out) = &args.out {
        let mut csv = Csv::create(out, &COLUMNS)?;
        neighbors(&table, rows.as_deref(), args.k, |row, near| {
            write_lines(&mut csv, &table, table.id(row), near)?;
            watch.row()
        })?;
        csv.finish()?;
        let lines = count * args.k;
        return print_text(&format!(
            "{}: {lines} neighbors of {count} rows\n",
            out.display()
        ));
    }
    if count > SHOWN && rows.is_none() {
        return Err(Error::Usage(format!(
            "{} has {count} rows: name some with --rows, or a file for the neighbors of all with --out",
            table.path().display()
        )));
    }
    let (mut text, mut list, mut sheets) = (String::new(), Vec::new(), Vec::new());
    neighbors(&table, rows.as_deref(), args.k, |row, near| {
        write_row(&mut text, &table, &named(&table, row), near);
        list.push(json!({
            "id": table.id(row), "class": table.class(row), "neighbors": objects(&table, near),
        }));
        let rows = std::iter::once(row).chain(near.iter().map(|near| near.row));
        sheets.push((table.id(row).to_string(), rows.collect()));
        watch.row()
    })?;
    drop(watch);
    let drawn = args.pictures.draw(&table, "neighbors", &sheets)?;
    if json {
        print_json(&list)
    } else {
        print_text(&(text + &drawn))
    }
}

/// The rows nearest to pictures of files.
fn query(args: &Args, table: &EmbeddingTable, files: &[PathBuf], json: bool) -> Result<()> {
    if args.k == 0 || args.k > table.rows() {
        return Err(Error::Usage(format!(
            "-k {}: {} has {} rows; ask for 1 to as many",
            args.k,
            table.path().display(),
            table.rows()
        )));
    }
    let pictures = embedded(args, table, files)?;
    let found = nearest(table, &pictures.values, args.k)?;
    let of = || pictures.names.iter().zip(&found);
    if let Some(out) = &args.out {
        let mut csv = Csv::create(out, &COLUMNS)?;
        of().try_for_each(|(name, near)| write_lines(&mut csv, table, name, near))?;
        csv.finish()?;
        let (lines, count) = (args.k * found.len(), found.len());
        return print_text(&format!(
            "{}: {lines} neighbors of {count} pictures\n",
            out.display()
        ));
    }
    let lists: Vec<_> = of()
        .map(|(name, near)| (name.clone(), near.iter().map(|near| near.row).collect()))
        .collect();
    let drawn = args
        .pictures
        .draw_after(&pictures.images, table, "neighbors", &lists)?;
    if json {
        let one = |(name, near): (&String, &Vec<Neighbor>)| json!({ "query": name, "neighbors": objects(table, near) });
        return print_json(&of().map(one).collect::<Vec<_>>());
    }
    let mut text = String::new();
    of().for_each(|(name, near)| write_row(&mut text, table, name, near));
    print_text(&(text + &drawn))
}

/// Pictures embedded by the run that made the table.
fn embedded(args: &Args, table: &EmbeddingTable, files: &[PathBuf]) -> Result<EmbeddedPictures> {
    let root = args.pictures.root(table)?;
    if !root.is_dir() {
        return Err(Error::Usage(format!(
            "{}: the run that embeds the pictures is not there; give it with --run",
            root.display()
        )));
    }
    let mut run = OpenedRun::of_table(&root, table.about())?;
    args.hardware.apply(&mut run.config)?;
    let pictures = embed_pictures(&run, table.about(), files, &mut Bars::new(), &*stop_flag()?)?;
    if pictures.dim != table.dim() {
        return Err(Error::Usage(format!(
            "{} makes embeddings of {} numbers, those of {} have {}: give the run that made the table with --run",
            root.display(),
            pictures.dim,
            table.path().display(),
            table.dim()
        )));
    }
    Ok(pictures)
}

const COLUMNS: [&str; 4] = ["id", "rank", "neighbor", "cosine"];

fn write_lines(csv: &mut Csv, table: &EmbeddingTable, of: &str, near: &[Neighbor]) -> Result<()> {
    for (rank, near) in near.iter().enumerate() {
        let (rank, cosine) = ((rank + 1).to_string(), near.cosine.to_string());
        csv.row(&[of, &rank, table.id(near.row), &cosine])?;
    }
    Ok(())
}

fn write_row(text: &mut String, table: &EmbeddingTable, of: &str, near: &[Neighbor]) {
    let _ = writeln!(text, "{of}");
    for near in near {
        let _ = writeln!(text, "  {:.4}  {}", near.cosine, named(table, near.row));
    }
}

fn objects(table: &EmbeddingTable, near: &[Neighbor]) -> Vec<Value> {
    let one = |near: &Neighbor| json!({ "id": table.id(near.row), "class": table.class(near.row), "cosine": near.cosine });
    near.iter().map(one).collect()
}
