//! `ravine neighbors`: the rows nearest to each row of a table of embeddings.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::pictures::Pictures;
use super::{Asked, Csv, Watch, named};
use crate::cli::output::{print_json, print_text};
use crate::embeddings::EmbeddingTable;
use crate::embeddings::neighbors::{Neighbor, neighbors};
use crate::error::{Error, Result};

/// Rows that are shown on a terminal without being asked for.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Ids of the rows whose neighbors are wanted; all rows when left out.
    #[arg(long, value_name = "ID", num_args = 1..)]
    rows: Option<Vec<String>>,
    /// Neighbors of each row.
    #[arg(short, long = "neighbors", default_value_t = 10)]
    k: usize,
    /// File to write: a line `id,rank,neighbor,cosine` for each, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pictures: Pictures,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let table = args.of.open()?;
    let rows = args.rows.as_ref().map(|ids| table.find(ids)).transpose()?;
    let count = rows.as_ref().map_or(table.rows(), Vec::len);
    let watch = Watch::rows(count)?;
    if let Some(out) = &args.out {
        let mut csv = Csv::create(out, &["id", "rank", "neighbor", "cosine"])?;
        neighbors(&table, rows.as_deref(), args.k, |row, near| {
            for (rank, near) in near.iter().enumerate() {
                let (rank, cosine) = ((rank + 1).to_string(), near.cosine.to_string());
                csv.row(&[table.id(row), &rank, table.id(near.row), &cosine])?;
            }
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
        write_row(&mut text, &table, row, near);
        list.push(object(&table, row, near));
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

fn write_row(text: &mut String, table: &EmbeddingTable, row: usize, near: &[Neighbor]) {
    let _ = writeln!(text, "{}", named(table, row));
    for near in near {
        let _ = writeln!(text, "  {:.4}  {}", near.cosine, named(table, near.row));
    }
}

fn object(table: &EmbeddingTable, row: usize, near: &[Neighbor]) -> Value {
    let one = |near: &Neighbor| json!({ "id": table.id(near.row), "class": table.class(near.row), "cosine": near.cosine });
    let near: Vec<Value> = near.iter().map(one).collect();
    json!({ "id": table.id(row), "class": table.class(row), "neighbors": near })
}
