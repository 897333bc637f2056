//! Centring: the running mean of the answers is taken off them.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::params::{Init, Param, ParamSpec, Params, Role};

/// `answer − c`, `c ← m · c + (1 − m) · mean of the batch's answers` after every update (Caron et al. 2021, eq. 4).
///
/// Starts at 0 and is saved with the run as the buffer `target.centre` (D,).
pub(super) struct Centre {
    momentum: f64,
    mean: Param,
}

impl Centre {
    /// Of answers of `dim` numbers.
    pub(super) fn new(params: &Params, dim: usize, momentum: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&momentum) {
            return Err(Error::key(
                "target.centre",
                format!("must be 0 or more and below 1, not {momentum}; 0.9 is usual"),
            ));
        }
        let mean = params.create(&ParamSpec {
            name: "target.centre".into(),
            shape: vec![dim],
            init: Init::Constant(0.0),
            role: Role::Buffer,
        })?;
        Ok(Self { momentum, mean })
    }

    /// `answers` (N, D) less the centre.
    pub(super) fn off(&self, answers: &Tensor) -> Result<Tensor> {
        Ok(answers.broadcast_sub(&self.mean.var.as_detached_tensor())?)
    }

    /// Move towards the mean of `answers` (N, D), the uncentred ones.
    pub(super) fn follow(&self, answers: &Tensor) -> Result<()> {
        let old = (self.mean.var.as_detached_tensor() * self.momentum)?;
        let new = (answers.detach().mean(0)? * (1.0 - self.momentum))?;
        Ok(self.mean.var.set(&(old + new)?)?)
    }
}
