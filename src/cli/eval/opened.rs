//! A pretrained run and the images of it that are looked at.

use std::path::PathBuf;

use crate::assembly::{ImageSetup, objective};
use crate::cli::chosen::Chosen;
use crate::cli::output::notes;
use crate::cli::part::one_of;
use crate::data::Part;
use crate::error::{Error, Result};
use crate::judge::{ImagePairs, sample};
use crate::train::RunFolder;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Images; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// The part that is looked at.
    #[arg(
        long,
        alias = "split",
        default_value = "validation",
        value_parser = one_of([Part::Train, Part::Validation, Part::Test])
    )]
    part: Part,
    /// Images that are looked at, drawn by the run's seed.
    #[arg(long, default_value_t = 500)]
    images: usize,
    #[command(flatten)]
    chosen: Chosen,
}

/// A pretrained run with the images that are looked at.
pub(super) struct Opened {
    pub(super) folder: RunFolder,
    pub(super) pairs: ImagePairs,
    /// The name of their part.
    pub(super) part: &'static str,
}

impl Args {
    pub(super) fn open(&self) -> Result<Opened> {
        let mut run = self.chosen.open(&self.run)?;
        if !run.config.all_heads().is_empty() {
            return Err(Error::Usage(format!(
                "{} has a head; this looks at energies between images of a pretrained run. Use `ravine infer` or \
                 `ravine surface`",
                self.run.display()
            )));
        }
        if let Some(data) = &self.data {
            run.use_data(data);
        }
        let setup = ImageSetup::new(run.config.clone())?;
        notes(&setup.notes);
        let network = setup.network()?;
        let joint = objective(&setup.config, network.clone())?;
        run.load(network.params())?;
        let name = self.part.name();
        let part = setup.splits.part(self.part).unwrap_or(&setup.splits.train);
        let images = sample(part, self.images, setup.config.seed);
        if images.len() < 2 {
            return Err(Error::Usage(format!(
                "energies between images need two or more, but there are {} of the {name} part; raise --images or \
                 choose another --part",
                images.len()
            )));
        }
        Ok(Opened {
            folder: run.folder,
            pairs: ImagePairs {
                setup,
                joint,
                images,
            },
            part: name,
        })
    }
}
