//! `ravine eval`: what the energy of a pretrained run says about images and their views.

mod invariance;
mod negatives;
mod opened;

use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The mean energy that each augmentation costs: 0 is what the encoder does not see.
    #[command(after_long_help = "Example:\n  ravine eval invariance runs/simclr-photos")]
    Invariance(opened::Args),
    /// Different images with the lowest energies: the hardest wrong answers, and those that may be right after all.
    #[command(after_long_help = "Example:\n  ravine eval negatives runs/simclr-photos")]
    Negatives(negatives::Listed),
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    match &args.command {
        Command::Invariance(args) => invariance::run(args, json),
        Command::Negatives(args) => negatives::run(args, json),
    }
}
