use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::ranges::{non_negative, positive};
use crate::error::Result;

/// Square-exponential, `E_C² + gamma · exp(−E_I)`: right answers to 0, the most offending one up without end.
///
/// Energies (N, P), (N, K), at least 0, to (N,), LeCun et al. 2006, eq. 16. As square-square, but the push
/// fades instead of stopping.
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

    fn floor(&self, _: usize) -> Option<f64> {
        Some(self.gamma)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.gamma", self.gamma)?;
        non_negative("square_exponential", range)
    }
}
