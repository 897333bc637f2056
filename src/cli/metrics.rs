//! `ravine metrics`: what a run journaled, as CSV.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::output::{print_json, print_text};
use crate::atomic::write;
use crate::error::{Error, Result};
use crate::train::{Line, RunFolder, tagged};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run folder.
    run: PathBuf,
    /// File to write; standard output when left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let lines = RunFolder::read(&args.run)?.lines()?;
    if let Some(path) = &args.out {
        write(path, &csv(&lines)?)?;
    }
    match (json, &args.out) {
        (true, _) => print_json(&lines),
        (false, Some(_)) => Ok(()),
        (false, None) => print_text(&csv(&lines)?),
    }
}

/// A row a step; a column for each number and word of steps (`train/…`) and of probes (`probe/…`).
///
/// Lists, which histograms are, have no place in a cell and are left out.
fn csv(lines: &[Line]) -> Result<String> {
    let mut names = BTreeSet::new();
    let mut rows: BTreeMap<u64, BTreeMap<String, String>> = BTreeMap::new();
    for line in lines {
        let Some(step) = line.get("step").and_then(Value::as_u64) else {
            continue;
        };
        let row = rows.entry(step).or_default();
        let epoch = line.get("epoch").map(|epoch| ("epoch".to_string(), epoch));
        for (name, value) in tagged(line).chain(epoch) {
            let cell = match value {
                Value::Number(number) => number.to_string(),
                Value::String(words) => words.clone(),
                _ => continue,
            };
            if name != "epoch" {
                names.insert(name.clone());
            }
            row.insert(name, cell);
        }
    }
    let columns: Vec<&str> = ["epoch"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let mut out = ::csv::Writer::from_writer(Vec::new());
    let failed = |e: String| Error::Failed(format!("the metrics cannot be written: {e}"));
    let mut record = |cells: Vec<&str>| out.write_record(cells).map_err(|e| failed(e.to_string()));
    record(
        ["step"]
            .into_iter()
            .chain(columns.iter().copied())
            .collect(),
    )?;
    for (step, row) in &rows {
        let step = step.to_string();
        let cells = columns
            .iter()
            .map(|name| row.get(*name).map_or("", String::as_str));
        record([step.as_str()].into_iter().chain(cells).collect())?;
    }
    let bytes = out.into_inner().map_err(|e| failed(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_and_its_probe_share_a_row() -> Result<()> {
        let lines = [
            json!({"step": 1, "epoch": 0.5, "loss": 2.0, "accuracy": 0.25}),
            json!({"step": 2, "epoch": 1.0, "loss": 1.5, "accuracy": 0.5}),
            json!({"step": 2, "epoch": 1.0, "accuracy": 0.75, "list": [1, 2], "why": "so, and so"}),
        ];
        let lines: Vec<Line> = lines.iter().filter_map(Value::as_object).cloned().collect();
        let expected = "step,epoch,probe/accuracy,probe/why,train/accuracy,train/loss\n\
                        1,0.5,,,0.25,2.0\n\
                        2,1.0,0.75,\"so, and so\",0.5,1.5\n";
        assert_eq!(csv(&lines)?, expected);
        Ok(())
    }
}
