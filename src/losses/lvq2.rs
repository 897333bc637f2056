use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Energies, Loss, Margin, non_negative, positive};
use crate::error::Result;

/// Learning vector quantisation 2, `min(1, max(0, (E_C − E_I) / (delta · E_I)))`.
///
/// Energies (N, P), (N, K), at least 0, to (N,), LeCun et al. 2006, eq. 13. It saturates where
/// `E_C / E_I = 1 + delta`, so very wrong questions no longer pull; its margin is zero. E_I is held above
/// 1e-12 in the denominator.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lvq2 {
    /// Width of the window, above 0.
    pub delta: f64,
}

impl Default for Lvq2 {
    fn default() -> Self {
        Self { delta: 0.5 }
    }
}

impl Loss for Lvq2 {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let offending = energies.most_offending()?;
        let window = (offending.maximum(1e-12)? * self.delta)?;
        let ratio = energies
            .positive
            .broadcast_sub(&offending)?
            .broadcast_div(&window)?;
        Ok(ratio.relu()?.minimum(1.0)?.mean(D::Minus1)?)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(0.0)
    }

    fn floor(&self, _: usize) -> Option<f64> {
        Some(0.0)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.delta", self.delta)?;
        non_negative("lvq2", range)
    }
}
