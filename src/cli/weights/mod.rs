//! `ravine weights`: files of weights of other programs.

mod inspect;

use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what a file of weights holds: sets, shapes, precision, preprocessing. Nothing in it is run.
    #[command(after_long_help = "Example:\n  ravine weights inspect resnet50.safetensors")]
    Inspect(inspect::Args),
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    match &args.command {
        Command::Inspect(args) => inspect::run(args, json),
    }
}
