//! `ravine eval`: what the energy of a pretrained run says about images and their views.

mod invariance;
mod negatives;

use std::path::PathBuf;
use std::sync::Arc;

use super::online::sample;
use super::pretrain::{Machine, load_checkpoint, load_run};
use super::setup::{Setup, joint};
use crate::data::{Dataset, ReaderKind};
use crate::error::{Error, Result};
use crate::objectives::Joint;
use crate::train::RunFolder;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// The mean energy that each augmentation costs: 0 is what the encoder does not see.
    Invariance(Args),
    /// Different images with the lowest energies: the hardest wrong answers, and those that may be right after all.
    Negatives(negatives::Listed),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Images; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// The part that is looked at.
    #[arg(long, value_enum, default_value_t = Split::Validation)]
    split: Split,
    /// Images that are looked at, drawn by the run's seed.
    #[arg(long, default_value_t = 500)]
    images: usize,
    /// latest, best, or a name under checkpoints/.
    #[arg(long, default_value = "latest")]
    checkpoint: String,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Split {
    Train,
    Validation,
    Test,
}

pub(super) fn run(command: &Command, json: bool) -> Result<()> {
    match command {
        Command::Invariance(args) => invariance::run(args, json),
        Command::Negatives(args) => negatives::run(args, json),
    }
}

/// A pretrained run with the images that are looked at.
struct Opened {
    folder: RunFolder,
    setup: Setup,
    joint: Joint,
    images: Arc<dyn Dataset>,
    /// The name of their part.
    part: &'static str,
}

impl Args {
    fn open(&self) -> Result<Opened> {
        let (folder, mut config, checkpoint) =
            load_run(&self.run, &self.checkpoint, &self.machine)?;
        if !config.all_heads().is_empty() {
            return Err(Error::Usage(format!(
                "{} has a head; this looks at energies between images of a pretrained run. Use `ravine infer` or \
                 `ravine surface`",
                self.run.display()
            )));
        }
        if let Some(data) = &self.data {
            config.data.source.clone_from(data);
            config.data.reader = ReaderKind::Auto;
        }
        let setup = Setup::new(config)?;
        let network = setup.network()?;
        let joint = joint(&setup.config, network.clone())?;
        load_checkpoint(&checkpoint, &network)?;
        let (part, name) = match self.split {
            Split::Train => (&setup.splits.train, "train"),
            Split::Validation => (&setup.splits.validation, "validation"),
            Split::Test => (&setup.splits.test, "test"),
        };
        let images = sample(part, self.images, setup.config.seed);
        if images.len() < 2 {
            return Err(Error::Usage(format!(
                "energies between images need two or more, but there are {} of the {name} part; raise --images or \
                 choose another --split",
                images.len()
            )));
        }
        Ok(Opened {
            folder,
            images,
            part: name,
            joint,
            setup,
        })
    }
}
