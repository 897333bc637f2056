//! What is compared.

use std::path::PathBuf;

use crate::cli::chosen::Chosen;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Run folder: of an encoder, or of a head over classes.
    pub(super) first: PathBuf,
    /// Run folder of another one, on the same data.
    pub(super) second: PathBuf,
    /// Of two heads: a run whose heads were trained jointly, to stand beside them.
    #[arg(long, value_name = "RUN")]
    pub(super) joint: Option<PathBuf>,
    #[command(flatten)]
    pub(super) chosen: Chosen,
}
