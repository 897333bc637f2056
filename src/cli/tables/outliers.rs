//! `ravine outliers`: rows of a table of embeddings that are far from all others.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::pictures::Pictures;
use super::{Asked, Csv, Watch, named};
use crate::cli::output::{print_json, print_text};
use crate::embeddings::EmbeddingTable;
use crate::embeddings::outliers::{Separation, energies_of, outlyingness, separation};
use crate::error::{Error, Result};

/// Rows that are shown.
const SHOWN: usize = 20;
/// Share of the known-good rows that may be taken for outliers.
const FALSE: f64 = 0.05;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Neighbors that a row is compared with.
    #[arg(short, long = "neighbors", default_value_t = 10)]
    k: usize,
    /// Part whose rows are known to be good: 5 % of them may be taken for outliers, which sets the threshold for all others.
    #[arg(long, value_name = "PART")]
    known_good: Option<String>,
    /// Table of other things, embedded by the same run: how well the energy tells them apart (AUROC, FPR at 95 % TPR).
    #[arg(long, value_name = "TABLE")]
    other: Option<PathBuf>,
    /// File to write: a line `id,energy,density_ratio,class,part` for each row, the farthest first, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pictures: Pictures,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let table = args.of.open()?;
    let good = args
        .known_good
        .as_deref()
        .map(|part| known_good(&table, part))
        .transpose()?;
    let other = args
        .other
        .as_ref()
        .map(|path| EmbeddingTable::open(path, args.of.column.as_deref()));
    let other = other.transpose()?;
    let watch = Watch::rows(table.rows())?;
    let found = outlyingness(&table, args.k, |_| watch.row())?;
    drop(watch);
    let apart: Option<Separation> = other
        .map(|other| energies_of(&table, &other, args.k))
        .transpose()?
        .map(|energies| separation(&found.energy, &energies));
    let limit = good.map(|good| threshold(&found.energy, &good));
    let ranking = found.ranking();
    if let Some(out) = &args.out {
        let mut csv = Csv::create(out, &["id", "energy", "density_ratio", "class", "part"])?;
        for &row in &ranking {
            let (energy, ratio) = (
                found.energy[row].to_string(),
                found.density_ratio[row].to_string(),
            );
            let (class, part) = (table.class(row), table.part(row));
            csv.row(&[
                table.id(row),
                &energy,
                &ratio,
                class.unwrap_or_default(),
                part.unwrap_or_default(),
            ])?;
        }
        csv.finish()?;
    }
    if json {
        let row = |&row: &usize| json!({ "id": table.id(row), "energy": found.energy[row], "density_ratio": found.density_ratio[row] });
        let rows: Vec<_> = ranking.iter().take(SHOWN).map(row).collect();
        let limit =
            limit.map(|(threshold, found)| json!({ "energy": threshold, "rows_above": found }));
        return print_json(&json!({
            "table": table.path().display().to_string(), "rows": table.rows(), "farthest": rows, "threshold": limit,
            "other": apart,
        }));
    }
    let mut text = format!(
        "the farthest of {} rows: energy, density ratio, id\n",
        table.rows()
    );
    for &row in ranking.iter().take(SHOWN) {
        let (energy, ratio) = (found.energy[row], found.density_ratio[row]);
        let _ = writeln!(text, "  {energy:7.4}  {ratio:6.2}  {}", named(&table, row));
    }
    if let Some((threshold, above)) = limit {
        let _ = writeln!(
            text,
            "{above} rows of other parts have an energy above {threshold:.4}, which {:.0} % of the known-good have",
            100.0 * FALSE
        );
    }
    if let Some(apart) = apart {
        let _ = writeln!(
            text,
            "AUROC {:.4}, FPR {:.4} where 95 % of the other table's rows are found",
            apart.auroc, apart.fpr_at_95_tpr
        );
    }
    let list = |row: &usize| (format!("{:.3}", found.energy[*row]), vec![*row]);
    let lists: Vec<_> = ranking.iter().take(SHOWN).map(list).collect();
    let drawn = args.pictures.draw(&table, "outliers", &lists)?;
    print_text(&(text + &drawn))
}

/// Whether each row is of `part`.
fn known_good(table: &EmbeddingTable, part: &str) -> Result<Vec<bool>> {
    let good: Vec<bool> = (0..table.rows())
        .map(|row| table.part(row) == Some(part))
        .collect();
    if good.iter().any(|good| *good) {
        return Ok(good);
    }
    Err(Error::Usage(format!(
        "--known-good {part}: no row of {} is of this part{}",
        table.path().display(),
        if table.has_parts() {
            ""
        } else {
            "; the table does not say which part a row is of"
        }
    )))
}

/// The energy that a share of [`FALSE`] of the known-good rows lies above, and how many other rows do.
fn threshold(energy: &[f32], good: &[bool]) -> (f32, usize) {
    let those = |wanted: bool| {
        energy
            .iter()
            .zip(good)
            .filter(move |(_, g)| **g == wanted)
            .map(|(e, _)| *e)
    };
    let mut known: Vec<f32> = those(true).collect();
    known.sort_by(f32::total_cmp);
    let place = ((known.len() as f64 * (1.0 - FALSE)).ceil() as usize).clamp(1, known.len()) - 1;
    (
        known[place],
        those(false).filter(|e| *e > known[place]).count(),
    )
}
