//! `ravine surface`: pictures of the energy of a trained head, of one run or of several side by side.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::chosen::Chosen;
use super::output::{note, print_json, print_text};
use crate::error::{Error, Result};
use crate::figures::{Named, Opened, figures, side_by_side};
use crate::heads::Space;
use crate::plot::Written;

/// Runs that fit on one figure.
const MOST_RUNS: usize = 8;

/// Cells of a surface along each axis that can be asked for.
const CELLS: std::ops::RangeInclusive<usize> = 2..=1000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One run folder, or several to draw side by side.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Folder for the figures; `figures` in the (first) run folder when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Cells of a surface along each axis.
    #[arg(long, value_name = "N", default_value_t = 120)]
    grid: usize,
    #[command(flatten)]
    chosen: Chosen,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    if !CELLS.contains(&args.grid) {
        return Err(Error::Usage(format!(
            "--grid {}: a surface has {} to {} cells along each axis",
            args.grid,
            CELLS.start(),
            CELLS.end()
        )));
    }
    if args.runs.len() > MOST_RUNS {
        return Err(Error::Usage(format!(
            "{} runs do not fit on one figure; give {MOST_RUNS} or fewer",
            args.runs.len()
        )));
    }
    let open = |run: &PathBuf| Opened::new(args.chosen.open(run)?, args.grid);
    let runs: Vec<Opened> = args.runs.iter().map(open).collect::<Result<_>>()?;
    let figures = match runs.as_slice() {
        [run] => {
            let figures = figures(run)?;
            tell_missing(run, &figures);
            figures
        }
        runs => side_by_side(runs)?,
    };
    let own = || args.runs.first().map(|run| run.join("figures"));
    let folder = args.out.clone().or_else(own).unwrap_or_default();
    let write = |(name, figure): &Named| figure.write(&folder, name);
    let written: Vec<Written> = figures.iter().map(write).collect::<Result<_>>()?;
    report(&runs, &written, json)
}

/// Say why there is no picture of the surface.
fn tell_missing(run: &Opened, figures: &[Named]) {
    let surface = figures
        .iter()
        .any(|(name, _)| ["surface", "slices"].contains(name));
    if let (Space::Vectors(dim), false) = (run.task.space, surface) {
        note(&format!(
            "answers of {dim} numbers have no surface that could be drawn; only their energies are"
        ));
    }
}

fn report(runs: &[Opened], written: &[Written], json: bool) -> Result<()> {
    if json {
        let runs = runs.iter().map(|run| {
            json!({"run": run.folder.root().display().to_string(), "checkpoint": run.checkpoint})
        });
        return print_json(&json!({"runs": runs.collect::<Vec<_>>(), "figures": written}));
    }
    let mut text = String::new();
    for figure in written {
        let _ = writeln!(text, "{}", figure.svg.display());
        let _ = writeln!(text, "{}", figure.png.display());
    }
    print_text(&text)
}
