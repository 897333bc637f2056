//! `ravine runs`: the runs of a folder, each in a line.

use std::path::PathBuf;

use super::output::{note, print_json, print_text};
use super::table::table;
use crate::error::Result;
use crate::run::{BestNumber, ListedRun, list_runs};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder that holds runs, at any depth to 4; or a run.
    #[arg(default_value = "runs", env = "RAVINE_RUNS")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let runs = list_runs(&args.folder, |error| note(&format!("skipped {error}")))?;
    if json {
        return print_json(&runs);
    }
    if runs.is_empty() {
        note(&format!(
            "{} holds no run; `ravine pretrain` writes one",
            args.folder.display()
        ));
        return Ok(());
    }
    let heads = [
        "run",
        "method",
        "data",
        "budget",
        "on the way",
        "card",
        "verdict",
        "state",
    ];
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    print_text(&table(&heads, &rows))
}

fn row(run: &ListedRun) -> Vec<String> {
    let none = || "-".to_string();
    vec![
        run.run.display().to_string(),
        run.method.clone(),
        run.data.clone(),
        run.budget(),
        run.validation.as_ref().map_or_else(none, words),
        run.test.as_ref().map_or_else(none, words),
        run.verdict.clone().unwrap_or_else(none),
        run.progress(),
    ]
}

/// `knn 95.1 %`; distances as they are.
pub(super) fn words(number: &BestNumber) -> String {
    let (name, value) = (&number.name, number.value);
    if name.ends_with("_error") {
        return format!("{name} {value:.4}");
    }
    let part = if number.step.is_some() || number.part == "test" {
        String::new()
    } else {
        format!(" ({})", number.part)
    };
    format!("{name} {:.1} %{part}", 100.0 * value)
}
