use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::ranges::positive;
use super::stable::log_sum_exp;
use crate::error::Result;

/// Minimum empirical error, `1 − exp(−beta E_C) / Σ_y exp(−beta E(y))`: the probability of a wrong answer.
///
/// Energies (N, P), (N, K) to (N,), LeCun et al. 2006, eq. 19, the sum over right and wrong answers.
/// Bounded by 1 as mce, which it equals for one wrong answer and beta 1, but it looks at all wrong answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mee {
    /// Inverse temperature, above 0.
    pub beta: f64,
}

impl Default for Mee {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl Loss for Mee {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let all = Tensor::cat(&[&energies.positive, energies.wrong()?], D::Minus1)?;
        let log_partition = log_sum_exp(&(all * -self.beta)?)?; // (N, 1)
        let log_right = (&energies.positive * -self.beta)?.broadcast_sub(&log_partition)?;
        energies.mean(&log_right.exp()?.affine(-1.0, 1.0)?)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn beta(&self) -> Option<f64> {
        Some(self.beta)
    }

    fn floor(&self, answers: usize) -> Option<f64> {
        Some(1.0 - 1.0 / answers as f64)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.beta", self.beta)
    }
}
