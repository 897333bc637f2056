use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::ranges::positive;
use crate::error::{Error, Result};

/// Hinge, `max(0, margin + E_C − E_I)`: the right answer must be lower than the most offending one by a margin.
///
/// Energies (N, P), (N, K) to (N,), LeCun et al. 2006, eq. 10; with pairs of views it is the triplet loss.
/// Answers beyond the margin cost nothing, so energies stay where they are once they are right.
/// The margin is in the units of the energy: 0.2 is usual for cosine energies, whose range is [0, 2].
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hinge {
    /// Difference of energies asked for, above 0.
    pub margin: f64,
}

impl Default for Hinge {
    fn default() -> Self {
        Self { margin: 1.0 }
    }
}

impl Loss for Hinge {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let gap = energies
            .positive
            .broadcast_sub(&energies.most_offending()?)?;
        energies.mean(&(gap + self.margin)?.relu()?)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(self.margin)
    }

    fn active(&self, right: f64, wrong: f64) -> Option<bool> {
        Some(self.margin + right - wrong > 0.0)
    }

    fn floor(&self, _: usize) -> Option<f64> {
        Some(self.margin)
    }

    fn validate(&self, (low, high): (f64, f64)) -> Result<()> {
        positive("loss.margin", self.margin)?;
        if self.margin > high - low {
            return Err(Error::key(
                "loss.margin",
                format!(
                    "{} can never be reached: this energy only takes values from {low} to {high}; \
                     set a margin below {}",
                    self.margin,
                    high - low
                ),
            ));
        }
        Ok(())
    }
}
