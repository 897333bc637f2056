//! `ravine duplicates`: rows of a table of embeddings that show the same.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::pictures::Pictures;
use super::{Asked, Csv, Watch, named};
use crate::cli::chosen::Chosen;
use crate::cli::output::{notes, print_json, print_text};
use crate::cli::progress::Bars;
use crate::cli::stop::stop_flag;
use crate::embeddings::EmbeddingTable;
use crate::embeddings::duplicates::{Duplicates, duplicates, valley};
use crate::embeddings::leakage::{Leakage, leakage};
use crate::embeddings::neighbors::neighbors;
use crate::error::{Error, Result};
use crate::eval::rounded;
use crate::run::light_views;

/// Pictures that the threshold is chosen on.
const LOOKED_AT: usize = 500;
/// Pairs and groups that are shown.
const SHOWN: usize = 10;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Cosine from which on two rows count as the same; chosen by the run's own pictures when left out.
    #[arg(long, value_name = "COSINE")]
    threshold: Option<f32>,
    /// File to write: a line `group,id,class,part` for each row of a group, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pictures: Pictures,
    #[command(flatten)]
    chosen: Chosen,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let table = args.of.open()?;
    let threshold = match args.threshold {
        Some(threshold) if threshold > -1.0 && threshold <= 1.0 => threshold,
        Some(other) => {
            let problem = format!("--threshold {other}: it is a cosine, above -1 and up to 1");
            return Err(Error::Usage(problem));
        }
        None => choose(args, &table)?,
    };
    let watch = Watch::rows(table.rows())?;
    let found = duplicates(&table, threshold, |_| watch.row())?;
    drop(watch);
    if let Some(out) = &args.out {
        write(&table, &found, out)?;
    }
    let leak = if found.leaked.is_empty() {
        None
    } else {
        leakage(&table, &found.leaked)?
    };
    if json {
        let id = |row: &usize| table.id(*row);
        let groups: Vec<Vec<&str>> = found
            .groups
            .iter()
            .map(|g| g.iter().map(id).collect())
            .collect();
        let pair = |pair: &crate::embeddings::duplicates::DuplicatePair| json!({ "ids": [table.id(pair.rows.0), table.id(pair.rows.1)], "cosine": pair.cosine });
        return print_json(&json!({
            "table": table.path().display().to_string(), "rows": table.rows(), "threshold": threshold,
            "pairs": found.pairs.iter().map(pair).collect::<Vec<_>>(), "groups": groups,
            "leaked": found.leaked.iter().map(id).collect::<Vec<_>>(),
            "knn_with_and_without": leak,
        }));
    }
    let list = |group: &Vec<usize>| {
        let first: Vec<usize> = group.iter().take(4).copied().collect();
        (format!("{} rows", group.len()), first)
    };
    let lists: Vec<_> = found.groups.iter().map(list).collect();
    let drawn = args.pictures.draw(&table, "duplicates", &lists)?;
    print_text(&(said(&table, threshold, &found, leak) + &drawn))
}

/// The threshold between the run's pictures with light views of themselves, and rows with their nearest others.
fn choose(args: &Args, table: &EmbeddingTable) -> Result<f32> {
    let mut run = args.chosen.open(&args.pictures.root(table)?)?;
    args.pictures.of_table(&mut run);
    let same = light_views(&run, LOOKED_AT, &mut Bars::new(), &*stop_flag()?)?;
    let step = (table.rows() / LOOKED_AT).max(1);
    let asked: Vec<usize> = (0..table.rows()).step_by(step).collect();
    let mut others = Vec::new();
    neighbors(table, Some(&asked), 1, |_, near| {
        others.push(near[0].cosine);
        Ok(())
    })?;
    let (threshold, below, above) = valley(&same, &others);
    notes(&[format!(
        "threshold {:.4}: {:.1} % of {} pictures are farther from a light view of themselves (crop of 90 %, mirror image, \
         brightness), {:.1} % of {} rows nearer to another row; --threshold sets another",
        rounded(threshold.into(), 4),
        100.0 * below,
        same.len(),
        100.0 * above,
        others.len(),
    )]);
    Ok(threshold)
}

fn write(table: &EmbeddingTable, found: &Duplicates, out: &Path) -> Result<()> {
    let mut csv = Csv::create(out, &["group", "id", "class", "part"])?;
    for (group, rows) in found.groups.iter().enumerate() {
        for &row in rows {
            let (group, class) = (group.to_string(), table.class(row).unwrap_or_default());
            csv.row(&[
                &group,
                table.id(row),
                class,
                table.part(row).unwrap_or_default(),
            ])?;
        }
    }
    csv.finish()
}

fn said(
    table: &EmbeddingTable,
    threshold: f32,
    found: &Duplicates,
    leak: Option<Leakage>,
) -> String {
    let rows: usize = found.groups.iter().map(Vec::len).sum();
    let spare = rows - found.groups.len();
    let mut text = format!(
        "{} of {} rows are in {} groups of near-duplicates (cosine {threshold:.4} and more); without {spare} of them none is left\n",
        rows,
        table.rows(),
        found.groups.len(),
    );
    for group in found.groups.iter().take(SHOWN) {
        let ids: Vec<String> = group.iter().take(5).map(|&row| named(table, row)).collect();
        let more = group.len().saturating_sub(5);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let _ = writeln!(text, "  {}{more}", ids.join(", "));
    }
    if !found.leaked.is_empty() {
        let _ = writeln!(
            text,
            "{} rows of other parts are near-duplicates of training rows: what is measured on them is known already",
            found.leaked.len()
        );
    }
    if let Some(leak) = leak {
        let _ = writeln!(
            text,
            "  kNN accuracy on the {} rows of other parts: {:.4} with them, {:.4} without",
            leak.rows, leak.accuracy, leak.accuracy_without
        );
    }
    text
}
