//! `ravine data`: what is in a data set, how it is split, what is made of it.

mod check;
mod images;
mod pack;
mod preview;
mod split;
mod stats;

pub(super) use preview::panels;

use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Mean and standard deviation of each channel, for `augment.mean` and `augment.std`.
    #[command(after_long_help = "Example:\n  ravine data stats photos/")]
    Stats(stats::Args),
    /// Read every image; count classes, sizes and repeats, list what cannot be read. Exit code 1 when something cannot.
    #[command(after_long_help = "Example:\n  ravine data check photos/")]
    Check(check::Args),
    /// Write which image is of which part: a CSV file with the columns path, label, part.
    #[command(after_long_help = "Example:\n  ravine data split photos/ --out parts.csv")]
    Split(split::Args),
    /// Write a copy that loads fast: Parquet or tar files with the pictures in them, and pack.json beside.
    #[command(after_long_help = "Example:\n  ravine data pack photos/ --out packed/")]
    Pack(pack::Args),
    /// Draw the views that a configuration makes of some images: views.svg and views.png.
    #[command(after_long_help = "Example:\n  ravine data preview simclr --data photos/")]
    Preview(preview::Args),
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    match &args.command {
        Command::Stats(args) => stats::run(args, json),
        Command::Check(args) => check::run(args, json),
        Command::Split(args) => split::run(args, json),
        Command::Pack(args) => pack::run(args, json),
        Command::Preview(args) => preview::run(args, json),
    }
}
