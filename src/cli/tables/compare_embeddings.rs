//! `ravine compare-embeddings`: how alike two tables of embeddings are.

use std::fmt::Write;
use std::path::PathBuf;

use super::Watch;
use crate::cli::output::{notes, print_json, print_text};
use crate::cli::table::table;
use crate::embeddings::EmbeddingTable;
use crate::embeddings::alike::{Likeness, alike};
use crate::error::Result;

/// Classes that are shown.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Table of embeddings: .parquet, .npy or .safetensors, of `ravine embed` or another program.
    first: PathBuf,
    /// Another one of the same rows; their embeddings may be of another length.
    second: PathBuf,
    /// The column of embeddings in both, where there are several.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Neighbors of each row.
    #[arg(short, long = "neighbors", default_value_t = 10)]
    k: usize,
    /// Rows whose neighbors are compared, drawn by --seed; the alignment is over all rows.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    rows: usize,
    /// Decides which rows these are.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let open = |path| EmbeddingTable::open(path, args.column.as_deref());
    let (first, second) = (open(&args.first)?, open(&args.second)?);
    notes(first.notes());
    notes(second.notes());
    let watch = Watch::rows(2 * args.rows.min(first.rows()))?;
    let how = (args.k, args.rows, args.seed);
    let found = alike((&first, &second), how, || watch.row())?;
    drop(watch);
    if json {
        return print_json(&found);
    }
    print_text(&text(&found))
}

fn text(found: &Likeness) -> String {
    let mut text = format!(
        "linear CKA {:.4} over {} rows (1: the same but for rotation and scale, 0: nothing in common)\n",
        found.cka, found.rows
    );
    let _ = writeln!(
        text,
        "{:.1} % of the {} nearest are shared, over {} rows; by chance {:.1} %",
        100.0 * found.shared_neighbors,
        found.k,
        found.asked,
        100.0 * found.by_chance
    );
    let Some([first, second]) = found.accuracy else {
        return text;
    };
    let _ = writeln!(
        text,
        "the nearest vote for the right class: {:.1} % and {:.1} %\n",
        100.0 * first,
        100.0 * second
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let rows = found.per_class.iter().take(SHOWN).map(|class| {
        vec![
            class.class.clone(),
            class.rows.to_string(),
            percent(class.first),
            percent(class.second),
            format!("{:+.1}", 100.0 * (class.second - class.first)),
            percent(class.shared_neighbors),
        ]
    });
    let heads = [
        "class",
        "rows",
        "first",
        "second",
        "change",
        "shared neighbors",
    ];
    text += &table(&heads, &rows.collect::<Vec<_>>());
    if found.per_class.len() > SHOWN {
        let more = found.per_class.len() - SHOWN;
        let _ = writeln!(text, "and {more} more classes: --json lists all");
    }
    text
}
