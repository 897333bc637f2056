use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Negative log-likelihood, `E_C + (1/beta) log Σ_y exp(−beta E(y))` over right and wrong answers.
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers; where the wrong answers are points of an integral over y,
/// the sum is over them alone, times their volume. Errors: no wrong answers; a beta of 0 or less. The gradient pulls the
/// right answer down and pushes every answer up by its Gibbs probability. With E = −logit and beta = 1 it is the
/// cross-entropy. It digs a ravine: energies of wrong answers never stop rising.
///
/// Source: LeCun et al. 2006, section 2.2.4. Choose it when all wrong answers can be enumerated or sampled fairly.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, Nll};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Nll { beta: 1.0 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.8053).abs() < 1e-4); // 0.2 + log(exp(−0.2) + exp(−0.5) + exp(−0.9))
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nll {
    /// Inverse temperature, above 0.
    pub beta: f64,
}

impl Default for Nll {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl Loss for Nll {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let log_partition = energies.log_partition(self.beta)?; // (N, 1)
        let rows = energies.positive.broadcast_add(&log_partition)?; // (N, P)
        energies.mean(&rows)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn beta(&self) -> Option<f64> {
        Some(self.beta)
    }

    fn collapse_value(&self, answers: usize) -> Option<f64> {
        Some((answers as f64).ln() / self.beta)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.beta", self.beta)
    }
}
