//! Which weights of a run a command uses.

use std::path::Path;

use super::hardware::Hardware;
use super::output::notes;
use crate::assembly::OpenedRun;
use crate::error::Result;
use crate::train::WeightSet;

/// The checkpoint of a run, and the machine that it is used on.
#[derive(Debug, clap::Args)]
pub(super) struct Chosen {
    /// end (what the run ended with: its latest, or its best where that fell below the starting weights), latest, best, or a
    /// name under checkpoints/.
    #[arg(long, default_value = "end")]
    checkpoint: String,
    /// The weights as they were trained, in a run that keeps their moving average (train.ema), which is used otherwise.
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    hardware: Hardware,
}

impl Chosen {
    /// The run at `root` at that checkpoint; a word on standard error where it has several sets of weights.
    pub(super) fn open(&self, root: &Path) -> Result<OpenedRun> {
        let mut run = OpenedRun::open(root, &self.checkpoint)?;
        self.hardware.apply(&mut run.config)?;
        if run.weights == WeightSet::Averaged {
            let said = if self.raw {
                run.weights = WeightSet::Trained;
                "the weights as they were trained (--raw), not their moving average".into()
            } else {
                let ema = run.config.train.ema;
                format!(
                    "the moving average of the weights (train.ema {ema}); --raw takes them as they were trained"
                )
            };
            notes(&[said]);
        }
        Ok(run)
    }
}
