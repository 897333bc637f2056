use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::fit::{non_negative, reachable};
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Square-square, `E_C² + max(0, margin − E_I)²`: right answers to 0, the most offending one beyond the margin.
///
/// Energies (N, P), (N, K), at least 0, to (N,), the mean over right answers. Errors: no wrong answers; a margin of 0 or
/// less, or one that no energy reaches; an energy that goes below 0.
///
/// Source: LeCun et al. 2006, eq. 15 (with a plus sign; some copies print a minus); half of it, over distances and one wrong
/// answer, is the contrastive loss of Hadsell et al. 2006. Choose it where energies should mean the same across questions:
/// right and wrong answers are held to fixed levels.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, SquareSquare};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = SquareSquare { margin: 1.0 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.29).abs() < 1e-9); // 0.2² + (1 − 0.5)²
/// # Ok::<(), ravine::error::Error>(())
/// ```
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

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(self.margin * self.margin)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.margin", self.margin)?;
        reachable(self.margin, range)?;
        non_negative("square_square", range)
    }
}
