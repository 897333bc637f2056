use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::log_sum_exp;
use crate::error::Result;
use crate::ranges::positive;

/// Minimum empirical error, `1 − exp(−beta E_C) / Σ_y exp(−beta E(y))`: the probability of a wrong answer.
///
/// Energies (N, P), (N, K) to (N,), the sum over right and wrong answers, the mean over right ones. Errors: no wrong answers;
/// a beta of 0 or less. Bounded by 1 as mce, which it equals for one wrong answer and beta 1, but it looks at all wrong
/// answers.
///
/// Source: LeCun et al. 2006, section 2.2.4. Choose it over the nll where some labels are wrong: one very wrong question
/// pulls weakly.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, Mee};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Mee { beta: 1.0 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.5531).abs() < 1e-4); // 1 − exp(−0.2) / (exp(−0.2) + exp(−0.5) + exp(−0.9))
/// # Ok::<(), ravine::error::Error>(())
/// ```
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

    fn collapse_value(&self, answers: usize) -> Option<f64> {
        Some(1.0 - 1.0 / answers as f64)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.beta", self.beta)
    }
}
