use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::ranges::{non_negative, positive, reachable};
use crate::error::Result;

/// Square-square, `E_C² + max(0, margin − E_I)²`: right answers to 0, the most offending one beyond the margin.
///
/// Energies (N, P), (N, K), at least 0, to (N,), LeCun et al. 2006, eq. 15 (with a plus sign; some copies
/// print a minus). Over distances, half of it is the contrastive loss of Hadsell et al. 2006. Right and
/// wrong answers are held to fixed levels, so energies mean the same across questions.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SquareSquare {
    /// Energy that wrong answers should reach, above 0.
    pub margin: f64,
}

impl Default for SquareSquare {
    fn default() -> Self {
        Self { margin: 1.0 }
    }
}

impl Loss for SquareSquare {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let wrong = energies.most_offending()?.affine(-1.0, self.margin)?;
        let rows = energies
            .positive
            .sqr()?
            .broadcast_add(&wrong.relu()?.sqr()?)?;
        energies.mean(&rows)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(self.margin)
    }

    fn active(&self, _: f64, wrong: f64) -> Option<bool> {
        Some(wrong < self.margin)
    }

    fn floor(&self, _: usize) -> Option<f64> {
        Some(self.margin * self.margin)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.margin", self.margin)?;
        reachable(self.margin, range)?;
        non_negative("square_square", range)
    }
}
