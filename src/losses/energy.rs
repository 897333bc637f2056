use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Energy loss, `weight · E_C`: only pulls right answers down.
///
/// Energies (N, P) to (N,), the mean over right answers; wrong answers are not looked at. Errors: a weight below 0. It has
/// no margin: when both sides of the energy are learned, something else must hold the embeddings apart — a regularizer
/// (VICReg), a predictor with a stopped gradient (SimSiam, BYOL) — or all of them collapse to one point.
///
/// Source: LeCun et al. 2006, eq. 6. Choose it where the architecture or a regularizer raises the other energies.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, EnergyLoss, Loss};
/// let right = Tensor::new(&[[0.2]], &Cpu)?;
/// let loss = EnergyLoss { weight: 25.0 }.forward(&Energies::new(right, None))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 5.0).abs() < 1e-9); // 25 · 0.2
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnergyLoss {
    /// Factor in front, beside the weights of the regularizers; 25 in VICReg.
    pub weight: f64,
}

impl Default for EnergyLoss {
    fn default() -> Self {
        Self { weight: 1.0 }
    }
}

impl Loss for EnergyLoss {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        Ok((energies.mean(&energies.positive)? * self.weight)?)
    }

    fn margin(&self) -> Margin {
        Margin::None
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(0.0)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        if self.weight == 0.0 {
            return Ok(()); // the regularizers are the whole method
        }
        positive("loss.weight", self.weight)
    }
}
