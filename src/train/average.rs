//! The moving average of the weights.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Tensor, Var};

use super::checkpoint::{Checkpoint, WeightSet};
use crate::error::Result;
use crate::host;
use crate::params::{Param, Params, Role};

/// `average ← keep · average + (1 − keep) · weight` after every step, from the starting weights on; running statistics
/// are those of the training.
pub(super) struct Average {
    keep: f64,
    of: Vec<(Param, Var)>,
}

impl Average {
    /// Of all of `params` that are weights, as they are now.
    pub(super) fn new(params: &Params, keep: f64) -> Result<Self> {
        let weights = params.all().into_iter();
        let weights = weights.filter(|param| param.role != Role::Buffer);
        let of = weights.map(|param| {
            let now = Var::from_tensor(&param.var.as_detached_tensor().copy()?)?;
            Ok((param, now))
        });
        Ok(Self {
            keep,
            of: of.collect::<Result<_>>()?,
        })
    }

    /// Go on from the average in the checkpoint `path`, where it has one.
    pub(super) fn load(&self, path: &Path, params: &Params) -> Result<()> {
        if Checkpoint::evaluated(path) == WeightSet::Trained {
            return Ok(()); // `train.ema` came later: the average starts here
        }
        // The weights make room for a moment, so that what is read is checked as they are.
        self.swap()?;
        Checkpoint::load(path, WeightSet::Averaged, params)?;
        self.swap()
    }

    /// Take in the weights as they are after a step.
    pub(super) fn follow(&self) -> Result<()> {
        let pairs = self.of.iter();
        let mut pairs = pairs.map(|(param, average)| (average, &param.var));
        pairs.try_for_each(|(average, weight)| host::approach(average, weight, self.keep))
    }

    /// Exchange the weights and their average; a second call puts both back.
    pub(super) fn swap(&self) -> Result<()> {
        for (param, average) in &self.of {
            let kept = average.as_detached_tensor().copy()?;
            average.set(&param.var.as_detached_tensor())?;
            param.var.set(&kept)?;
        }
        Ok(())
    }

    /// All of `params`, with the average in place of the weights.
    pub(super) fn values(&self, params: &Params) -> HashMap<String, Tensor> {
        let all = params.all().into_iter();
        let all = all.map(|param| (param.name, param.var.as_detached_tensor()));
        let averages = self.of.iter();
        let averages = averages.map(|(param, now)| (param.name.clone(), now.as_detached_tensor()));
        all.chain(averages).collect()
    }
}
