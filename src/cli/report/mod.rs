//! `ravine report`: runs on one page of HTML.

mod args;
mod look;
mod serve;

pub(super) use args::Args;

use serde_json::json;

use super::output::{print_json, print_text};
use crate::atomic::write;
use crate::error::{Error, Result};
use crate::report::{Report, RunRecord, report};

/// Runs that can be told apart on one chart.
const MOST_RUNS: usize = 12;

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    if args.runs.len() > MOST_RUNS {
        return Err(Error::Usage(format!(
            "{} runs do not fit on one page; give {MOST_RUNS} or fewer",
            args.runs.len()
        )));
    }
    if args.table.is_some() && args.runs.len() > 1 {
        return Err(Error::Usage(
            "--table is of one run; give that run alone".into(),
        ));
    }
    let records = RunRecord::open_all(&args.runs)?;
    let pictures = records.iter().map(|run| look::at(args, run.root()));
    let pictures = pictures.collect::<Result<_>>()?;
    if args.serve {
        return serve::serve(args, &records, pictures);
    }
    let page = report(&Report {
        runs: &records,
        pictures,
        live: false,
    })?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| args.runs[0].join("report.html"));
    write(&out, &page)?;
    if json {
        let runs = args.runs.iter().map(|run| run.display().to_string());
        return print_json(&json!({
            "runs": runs.collect::<Vec<_>>(), "out": out.display().to_string(), "bytes": page.len(),
        }));
    }
    print_text(&format!("{}\n", out.display()))
}
