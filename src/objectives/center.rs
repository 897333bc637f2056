//! Centring: the running mean of the answers is taken off them.

use std::sync::{Mutex, PoisonError};

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::params::{Init, Param, ParamSpec, Params, Role};

/// `answer − c`, `c ← m · c + (1 − m) · mean of the batch's answers` after every update (Caron et al. 2021, eq. 4).
///
/// Starts at 0 and is saved with the run as the buffer `target.center` (D,).
pub(super) struct Center {
    momentum: f64,
    mean: Param,
    waiting: Mutex<Option<Tensor>>, // answers that move it after the update
}

impl Center {
    /// Of answers of `dim` numbers.
    pub(super) fn new(params: &Params, dim: usize, momentum: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&momentum) {
            return Err(Error::key(
                "target.center",
                format!(
                    "must be 0 or more and below 1, not {momentum}; 0.9 is usual (older files call it target.centre)"
                ),
            ));
        }
        let mean = params.create(&ParamSpec {
            name: "target.centre".into(),
            shape: vec![dim],
            init: Init::Constant(0.0),
            role: Role::Buffer,
        })?;
        Ok(Self {
            momentum,
            mean,
            waiting: Mutex::new(None),
        })
    }

    /// `answers` (N, D) less the centre.
    pub(super) fn off(&self, answers: &Tensor) -> Result<Tensor> {
        Ok(answers.broadcast_sub(&self.mean.var.as_detached_tensor())?)
    }

    /// Note the uncentred answers of a batch, one (B, D) tensor a view.
    pub(super) fn note(&self, answers: &[Tensor]) -> Result<()> {
        let come = Tensor::cat(answers, 0)?.detach();
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(come);
        Ok(())
    }

    /// The update is done: move towards the mean of the answers that were noted.
    pub(super) fn after_update(&mut self) -> Result<()> {
        let waiting = self.waiting.get_mut();
        let Some(answers) = waiting.unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let old = (self.mean.var.as_detached_tensor() * self.momentum)?;
        let new = (answers.detach().mean(0)? * (1.0 - self.momentum))?;
        Ok(self.mean.var.set(&(old + new)?)?)
    }
}
