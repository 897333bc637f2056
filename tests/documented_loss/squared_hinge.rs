use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Energies, Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Squared hinge, `max(0, margin + E_C − E_I)²`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SquaredHinge {
    /// Difference of energies asked for, above 0.
    pub margin: f64,
}

impl Default for SquaredHinge {
    fn default() -> Self {
        Self { margin: 1.0 }
    }
}

impl Loss for SquaredHinge {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let gap = energies
            .positive
            .broadcast_sub(&energies.most_offending()?)?;
        energies.mean(&(gap + self.margin)?.relu()?.sqr()?)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(self.margin)
    }

    fn active(&self, right: f64, wrong: f64) -> Option<bool> {
        Some(self.margin + right - wrong > 0.0)
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(self.margin * self.margin)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.margin", self.margin)
    }
}
