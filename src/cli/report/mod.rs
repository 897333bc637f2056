//! `ravine report`: runs on one page of HTML.

mod look;
mod serve;

use std::path::PathBuf;

use serde_json::json;

use super::chosen::Chosen;
use super::output::{print_json, print_text};
use super::part::by_name;
use crate::atomic::write;
use crate::embeddings::projection::ProjectionKind;
use crate::error::{Error, Result};
use crate::report::{Report, RunRecord, report};

/// Runs that can be told apart on one chart.
const MOST_RUNS: usize = 12;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One run folder, or several to compare.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// File to write; report.html in the (first) run folder when left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Pictures that the map shows, evenly spread over the data and shared among the runs; 0 shows none.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    images: usize,
    /// Table of embeddings that the map shows whole, of `ravine embed RUN`; one run only.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// How embeddings become points of the map.
    #[arg(long, default_value = "umap", value_parser = by_name(ProjectionKind::ALL, ProjectionKind::name))]
    kind: ProjectionKind,
    /// Follow runs that are not finished: a page on this machine alone that shows what is new, until interrupted.
    #[arg(long, conflicts_with = "out")]
    serve: bool,
    /// Port of the page; any free one when left out.
    #[arg(long, value_name = "PORT", requires = "serve", default_value_t = 0)]
    port: u16,
    #[command(flatten)]
    chosen: Chosen,
}

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
