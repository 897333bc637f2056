use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::fit::non_negative;
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Square-exponential, `E_C² + gamma · exp(−E_I)`: right answers to 0, the most offending one up without end.
///
/// Energies (N, P), (N, K), at least 0, to (N,), the mean over right answers. Errors: no wrong answers; a gamma of 0 or less;
/// an energy that goes below 0.
///
/// Source: LeCun et al. 2006, eq. 16. Choose it over `square_square` when no level for wrong answers is known: the push
/// fades instead of stopping.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, SquareExponential};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = SquareExponential { gamma: 1.0 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.6465).abs() < 1e-4); // 0.2² + exp(−0.5)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SquareExponential {
    /// Weight of the push, above 0.
    pub gamma: f64,
}

impl Default for SquareExponential {
    fn default() -> Self {
        Self { gamma: 1.0 }
    }
}

impl Loss for SquareExponential {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let wrong = (energies.most_offending()?.neg()?.exp()? * self.gamma)?;
        let rows = energies.positive.sqr()?.broadcast_add(&wrong)?;
        energies.mean(&rows)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(self.gamma)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.gamma", self.gamma)?;
        non_negative("square_exponential", range)
    }
}
