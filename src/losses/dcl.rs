use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::log_sum_exp;
use crate::error::Result;
use crate::ranges::positive;

/// Decoupled contrastive loss, InfoNCE without the right answer in the sum: `E_C/τ + log Σ_wrong exp(−E/τ)`.
///
/// Energies (N, P), (N, K) to (N,), E_C the mean over right answers. Errors: no wrong answers; a temperature of 0 or less.
/// `info_nce = softplus(dcl)` row by row, so it goes below 0.
///
/// Source: Yeh et al. 2022, eq. 6, over cosine energies. Choose it over `info_nce` at small batches: the right answer no
/// longer weakens the push of the wrong ones.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Dcl, Energies, Loss};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Dcl { temperature: 0.5 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] + 0.2289).abs() < 1e-4); // 0.4 + log(exp(−1) + exp(−1.8))
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dcl {
    /// τ, above 0.
    pub temperature: f64,
}

impl Default for Dcl {
    fn default() -> Self {
        Self { temperature: 0.1 }
    }
}

impl Loss for Dcl {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let wrong = log_sum_exp(&(energies.wrong()? * (-1.0 / self.temperature))?)?;
        let right = energies.mean(&energies.positive)?.unsqueeze(1)?;
        Ok(((right * (1.0 / self.temperature))? + wrong)?.squeeze(D::Minus1)?)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn only_most_offending(&self) -> bool {
        false
    }

    fn collapse_value(&self, answers: usize) -> Option<f64> {
        Some((answers.saturating_sub(1) as f64).ln())
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.temperature", self.temperature)
    }
}
