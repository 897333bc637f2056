use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dcl::Dcl;
use super::energies::Energies;
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Weighted decoupled contrastive loss: [`Dcl`] whose attraction counts more for pairs that are still far apart,
/// `w E_C/τ + log Σ_wrong exp(−E/τ)` with `w = 2 − N softmax_rows(−E_C/σ)`, w without gradient.
///
/// Energies (N, P), (N, K) to (N,), E_C the mean over right answers; the weights' mean over the N rows is 1. Errors: no wrong
/// answers; a temperature or a sigma of 0 or less.
///
/// Source: Yeh et al. 2022, eq. 7. Choose it over `dcl` when augmentations are strong and hard pairs matter.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Dclw, Energies, Loss};
/// let (right, wrong) = (Tensor::new(&[[0.2], [0.6]], &Cpu)?, Tensor::new(&[[0.5], [0.5]], &Cpu)?);
/// let loss = Dclw { temperature: 0.5, sigma: 0.5 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[1] - 0.6559).abs() < 1e-4); // w = 2 − 2 exp(−1.2) / (exp(−0.4) + exp(−1.2)) = 1.380; w · 1.2 − 1
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dclw {
    /// τ, above 0.
    pub temperature: f64,
    /// σ, above 0: the smaller, the more unequal the weights.
    pub sigma: f64,
}

impl Default for Dclw {
    fn default() -> Self {
        Self {
            temperature: 0.1,
            sigma: 0.5,
        }
    }
}

impl Loss for Dclw {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let dcl = Dcl {
            temperature: self.temperature,
        };
        let right = energies.mean(&energies.positive)?;
        let near = (right.detach() * (-1.0 / self.sigma))?;
        let share = near.broadcast_sub(&near.max_keepdim(0)?)?.exp()?;
        let share = share.broadcast_div(&share.sum_keepdim(0)?)?;
        // w − 1, beside the weight 1 that the decoupled loss gives.
        let more = share.affine(-(right.dim(0)? as f64), 1.0)?;
        Ok((dcl.forward(energies)? + (more * (right * (1.0 / self.temperature))?)?)?)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn only_most_offending(&self) -> bool {
        false
    }

    fn collapse_value(&self, answers: usize) -> Option<f64> {
        let dcl = Dcl {
            temperature: self.temperature,
        };
        dcl.collapse_value(answers)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.temperature", self.temperature)?;
        positive("loss.sigma", self.sigma)
    }
}
