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
use crate::embeddings::duplicates::{Criterion, Duplicates, duplicates, surroundings, valley};
use crate::embeddings::leakage::{Leakage, leakage};
use crate::embeddings::neighbors::{nearest, neighbors};
use crate::embeddings::whitening::Whitening;
use crate::error::{Error, Result};
use crate::run::light_views;

/// Pictures, and rows, that the threshold is chosen on.
const LOOKED_AT: (usize, usize) = (500, 5000);
/// Neighbors that surroundings need, and the nearest.
const FOLLOWING: usize = 9;
/// Share of their surroundings beyond which rows are no duplicates, and the cosine below which no burst is: an encoder may not
/// see that light views show the same.
const MOST: f32 = 0.5;
const LEAST: f32 = 0.9;
/// Share of light views that must be found, for the estimate of what else is to mean anything.
const TRUSTED: f64 = 0.75;
/// Pairs and groups that are shown.
const SHOWN: usize = 10;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Cosine from which on two rows count as the same; when left out, rows far nearer to each other than to the neighbors
    /// that follow do, by how much chosen on the run's own pictures.
    #[arg(long, value_name = "COSINE")]
    threshold: Option<f32>,
    /// Compare the embeddings as they are, without whitening.
    #[arg(long)]
    plain: bool,
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
    let white = (!args.plain).then(|| Whitening::of(&table)).transpose()?;
    let whitened = white
        .as_ref()
        .map(|white| table.map(|rows| white.apply(rows)));
    let whitened = whitened.transpose()?;
    let compared = whitened.as_ref().unwrap_or(&table);
    let criterion = match args.threshold {
        Some(threshold) if threshold > -1.0 && threshold <= 1.0 => Criterion::Cosine(threshold),
        Some(other) => {
            let problem = format!("--threshold {other}: it is a cosine, above -1 and up to 1");
            return Err(Error::Usage(problem));
        }
        None => choose(args, &table, compared, white.as_ref())?,
    };
    let watch = Watch::rows(table.rows())?;
    let found = duplicates(compared, criterion, |_| watch.row())?;
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
            "table": table.path().display().to_string(), "rows": table.rows(), "criterion": criterion, "whitened": !args.plain,
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
    print_text(&(said(&table, criterion, &found, leak) + &drawn))
}

/// The criterion that divides the run's pictures with light views of themselves from rows with their nearest others, both as
/// they are `compared`.
fn choose(
    args: &Args,
    table: &EmbeddingTable,
    compared: &EmbeddingTable,
    white: Option<&Whitening>,
) -> Result<Criterion> {
    let mut run = args.chosen.open(&args.pictures.root(table)?)?;
    args.pictures.of_table(&mut run);
    let wanted = (LOOKED_AT.0, table.has_flips());
    let views = light_views(&run, wanted, &mut Bars::new(), &*stop_flag()?)?;
    if views.dim != table.dim() {
        return Err(Error::Usage(format!(
            "the run's features have {} numbers, the embeddings of {} have {}: give --threshold, or embed --output features",
            views.dim,
            table.path().display(),
            table.dim()
        )));
    }
    let features = match white {
        Some(white) => white.apply(&views.features)?,
        None => views.features,
    };
    let mirrored = views.mirrored && !table.has_flips();
    let (cosines, same) = seen_twice(compared, &features)?;
    let others = seen_once(compared)?;
    let valley = valley(&same, &others);
    let ratio = (-valley.threshold).clamp(0.0, MOST);
    let found = same.iter().filter(|same| -**same <= ratio).count();
    let recall = found as f64 / same.len().max(1) as f64;
    let judged = if recall < TRUSTED {
        "the encoder hardly knows a light view from another picture, so look at the groups (--sheet DIR)".into()
    } else {
        format!(
            "an estimated {:.0} % of the rows found are duplicates",
            100.0 * valley.precision
        )
    };
    notes(&[format!(
        "near-duplicates are at most {ratio:.3} times as far from each other as from the neighbors that follow: so are {:.1} % \
         of {} pictures from a light view of themselves; {judged}; --threshold asks for a cosine instead",
        100.0 * recall,
        same.len(),
    )]);
    if recall < 0.9 && mirrored {
        notes(&[
            "embeddings of `ravine embed --flips` find more: mirror images are the same to them"
                .into(),
        ]);
    }
    let half = cosines.get(cosines.len() / 2).copied();
    Ok(Criterion::Relative {
        ratio,
        cosine: half.unwrap_or(1.0).max(LEAST),
    })
}

/// Of pictures (N, 2, D), each followed by a light view: their cosines in order, and their distances as shares of the larger
/// surroundings of the two, negative.
fn seen_twice(compared: &EmbeddingTable, features: &[f32]) -> Result<(Vec<f32>, Vec<f32>)> {
    let dim = compared.dim();
    let pairs = features.chunks_exact(2 * dim);
    let mut cosines: Vec<f32> = pairs.map(|pair| cosine(pair.split_at(dim))).collect();
    // The first is the picture itself.
    let around: Vec<f32> = nearest(compared, features, FOLLOWING)?
        .iter()
        .map(|near| surroundings(near))
        .collect();
    let ratio = |(cosine, around): (&f32, &[f32])| (cosine - 1.0) / around[0].max(around[1]);
    let same = cosines.iter().zip(around.chunks_exact(2)).map(ratio);
    let same = same.collect();
    cosines.sort_by(f32::total_cmp);
    Ok((cosines, same))
}

/// Of rows with their nearest other: the same shares.
fn seen_once(compared: &EmbeddingTable) -> Result<Vec<f32>> {
    let step = (compared.rows() / LOOKED_AT.1).max(1);
    let asked: Vec<usize> = (0..compared.rows()).step_by(step).collect();
    let k = FOLLOWING.min(compared.rows().saturating_sub(1));
    let mut first = Vec::new();
    neighbors(compared, Some(&asked), k, |_, near| {
        first.push((near[0], surroundings(near)));
        Ok(())
    })?;
    let theirs: Vec<usize> = first.iter().map(|(near, _)| near.row).collect();
    let mut ratios = Vec::new();
    neighbors(compared, Some(&theirs), k, |_, near| {
        let (nearest, around) = first[ratios.len()];
        ratios.push((nearest.cosine - 1.0) / around.max(surroundings(near)));
        Ok(())
    })?;
    Ok(ratios)
}

fn cosine((a, b): (&[f32], &[f32])) -> f32 {
    let dot = |a: &[f32], b: &[f32]| {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum::<f64>()
    };
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)) as f32
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
    criterion: Criterion,
    found: &Duplicates,
    leak: Option<Leakage>,
) -> String {
    let rows: usize = found.groups.iter().map(Vec::len).sum();
    let spare = rows - found.groups.len();
    let how = match criterion {
        Criterion::Cosine(least) => format!(" (cosine {least:.4} and more)"),
        Criterion::Relative { .. } => String::new(),
    };
    let mut text = format!(
        "{} of {} rows are in {} groups of near-duplicates{how}; without {spare} of them none is left\n",
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
