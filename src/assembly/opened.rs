//! The folder of a run, opened to use what it learned.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::graph::Precision;
use crate::params::Params;
use crate::train::{Checkpoint, RunFolder, WeightSet};

/// A run with one of its checkpoints.
#[derive(Debug)]
pub struct OpenedRun {
    /// Where the run lies.
    pub folder: RunFolder,
    /// Its configuration, in 32 bits: nothing is trained.
    pub config: Config,
    /// The folder of the checkpoint.
    pub checkpoint: PathBuf,
    /// Which of the checkpoint's weights are used: their moving average where it has one.
    pub weights: WeightSet,
    /// Whether [`OpenedRun::use_data`] has put other data in place of its own.
    pub transferred: bool,
}

impl OpenedRun {
    /// Open the run at `root` at its checkpoint `end`, `latest`, `best` or `step-…`.
    ///
    /// # Errors
    /// There is no such run or checkpoint, or its configuration cannot be read.
    pub fn open(root: &Path, checkpoint: &str) -> Result<Self> {
        let folder = RunFolder::read(root)?;
        let mut config = Config::of_run(&folder.file("config.toml"))?;
        config.train.precision = Precision::F32;
        let checkpoint = folder.checkpoint(checkpoint)?;
        Ok(Self {
            weights: Checkpoint::evaluated(&checkpoint),
            checkpoint,
            folder,
            config,
            transferred: false,
        })
    }

    /// Open the run at `root` with the checkpoint, weights and precision of products of a table of embeddings that says `about`
    /// of itself ([`EmbeddingTable::about`](crate::embeddings::EmbeddingTable::about)).
    ///
    /// # Errors
    /// As [`OpenedRun::open`]: the checkpoint may have gone.
    pub fn of_table(root: &Path, about: &Value) -> Result<Self> {
        let mut run = Self::open(root, about["checkpoint"].as_str().unwrap_or("end"))?;
        if about["weights"] == WeightSet::Trained.name() {
            run.weights = WeightSet::Trained;
        }
        let named = |precision: &Precision| about["matmul_precision"] == precision.name();
        if let Some(precision) = Precision::OF_FEATURES.into_iter().find(named) {
            run.config.train.precision = precision;
        }
        Ok(run)
    }

    /// Put the checkpoint's values into `params`.
    ///
    /// # Errors
    /// The checkpoint is damaged or of another network.
    pub fn load(&self, params: &Params) -> Result<()> {
        Checkpoint::load(&self.checkpoint, self.weights, params)
    }

    /// Ask about other images than the run's own: `source` in place of `data.source`, read by what lies there.
    pub fn use_data(&mut self, source: &str) {
        self.transferred = true;
        if self.config.data.is_table() {
            self.config.data.source = source.into();
            self.config.data.reader = crate::data::ReaderKind::Auto;
        } else {
            self.config.data.use_images(source);
        }
    }

    /// Refuse a run without a head, saying what `for_pretrained` is there for it.
    ///
    /// # Errors
    /// The run was pretrained without answers.
    pub fn require_head(&self, for_pretrained: &str) -> Result<()> {
        if !self.config.all_heads().is_empty() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "{} {for_pretrained}",
            self.folder.root().display()
        )))
    }
}
