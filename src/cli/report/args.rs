//! What `ravine report` is asked.

use std::path::PathBuf;

use crate::cli::chosen::Chosen;
use crate::cli::part::by_name;
use crate::embeddings::projection::ProjectionKind;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// One run folder, or several to compare.
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// File to write; report.html in the (first) run folder when left out.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Pictures that the map shows, evenly spread over the data and shared among the runs; 0 shows none.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(super) images: usize,
    /// Table of embeddings that the map shows whole, of `ravine embed RUN`; one run only.
    #[arg(long, value_name = "FILE")]
    pub(super) table: Option<PathBuf>,
    /// How embeddings become points of the map.
    #[arg(long, default_value = "umap", value_parser = by_name(ProjectionKind::ALL, ProjectionKind::name))]
    pub(super) kind: ProjectionKind,
    /// Follow runs that are not finished: a page on this machine alone that shows what is new, until interrupted.
    #[arg(long, conflicts_with = "out")]
    pub(super) serve: bool,
    /// Port of the page; any free one when left out.
    #[arg(long, value_name = "PORT", requires = "serve", default_value_t = 0)]
    pub(super) port: u16,
    #[command(flatten)]
    pub(super) chosen: Chosen,
}
