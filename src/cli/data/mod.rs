//! `ravine data`: what is in a data set, how it is split, what is made of it.

mod check;
mod preview;
mod split;
mod stats;

pub(super) use preview::panels;

use crate::config::Config;
use crate::data::DataConfig;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Mean and standard deviation of each channel, for `augment.mean` and `augment.std`.
    Stats(stats::Args),
    /// Read every image; count classes, sizes and repeats, list what cannot be read. Exit code 1 when something cannot.
    Check(check::Args),
    /// Write which image is of which part: a CSV file with the columns path, label, part.
    Split(split::Args),
    /// Draw the views that a configuration makes of some images: views.svg and views.png.
    Preview(preview::Args),
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    match &args.command {
        Command::Stats(args) => stats::run(args, json),
        Command::Check(args) => check::run(args, json),
        Command::Split(args) => split::run(args, json),
        Command::Preview(args) => preview::run(args, json),
    }
}

/// Which images a command looks at.
#[derive(Debug, clap::Args)]
struct Images {
    /// Folder or file of images, or `digits`.
    path: String,
    /// Change one key of the data, for example --set data.labels=true.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl Images {
    /// The images as a configuration names them.
    fn config(&self) -> Result<DataConfig> {
        let key = |set: &String| set.split('=').next().unwrap_or_default().trim().to_string();
        let foreign = |set: &&String| !key(set).starts_with("data.") || key(set) == "data.source";
        if let Some(set) = self.sets.iter().find(foreign) {
            return Err(Error::Usage(format!(
                "--set {set}: this looks at the images of `{}`, which the other keys of `data` change, as \
                 --set data.labels=true does; leave it out",
                self.path
            )));
        }
        let source = format!("data.source={}", toml::Value::String(self.path.clone()));
        let sets: Vec<String> = self.sets.iter().cloned().chain([source]).collect();
        Ok(Config::load(None, &sets)?.data)
    }
}
