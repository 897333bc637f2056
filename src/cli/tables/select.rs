//! `ravine select`: the rows of a table of embeddings to label next.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::{Asked, Csv, named};
use crate::cli::output::{print_json, print_text};
use crate::cli::part::by_name;
use crate::embeddings::select::{SelectBy, select};
use crate::error::Result;

/// Rows that are shown.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Rows to choose.
    #[arg(long)]
    budget: usize,
    /// What a chosen row is: near to many (coverage), in a dense place (typicality), between classes (uncertainty), or by
    /// turns the last two (mixed).
    #[arg(long, default_value = "coverage", value_parser = by_name(SelectBy::ALL, SelectBy::name))]
    by: SelectBy,
    /// Decides the clusters of which one row each is chosen.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// File to write: a line `id` for each chosen row, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let table = args.of.open()?;
    let chosen = select(&table, args.budget, args.by, args.seed)?;
    let by = args.by.name();
    if let Some(out) = &args.out {
        let mut csv = Csv::create(out, &["id"])?;
        for &row in &chosen.rows {
            csv.row(&[table.id(row)])?;
        }
        csv.finish()?;
    }
    if json {
        let ids: Vec<&str> = chosen.rows.iter().map(|&row| table.id(row)).collect();
        return print_json(&json!({
            "table": table.path().display().to_string(), "by": by, "ids": ids, "coverage": chosen.coverage,
        }));
    }
    let mut text = format!("{} of {} rows by {}\n", chosen.rows.len(), table.rows(), by);
    if args.out.is_none() {
        for &row in chosen.rows.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}", named(&table, row));
        }
        if chosen.rows.len() > SHOWN {
            let _ = writeln!(
                text,
                "  and {} more: --out FILE writes all",
                chosen.rows.len() - SHOWN
            );
        }
    }
    let _ = writeln!(
        text,
        "mean cosine of all rows to the nearest of the first n:"
    );
    for (count, mean) in &chosen.coverage {
        let _ = writeln!(text, "  {count:6}  {mean:.4}");
    }
    print_text(&text)
}
