use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::ranges::positive;
use super::stable::log_sum_exp;
use crate::error::Result;

/// Decoupled contrastive loss, InfoNCE without the right answer in the sum: `E_C/τ + log Σ_wrong exp(−E/τ)`.
///
/// Energies (N, P), (N, K) to (N,). Yeh et al. 2022, eq. 6, over cosine energies: the right answer no longer weakens
/// the push of the wrong ones, which helps at small batches. `info_nce = softplus(dcl)` row by row.
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

    fn floor(&self, answers: usize) -> Option<f64> {
        Some((answers.saturating_sub(1) as f64).ln())
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.temperature", self.temperature)
    }
}
