use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::{Energies, present};
use super::fit::{non_negative, reachable};
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Contrastive loss, `½ E_C² + mean over wrong answers of ½ max(0, margin − E)²`: right answers to 0, all wrong ones
/// beyond the margin.
///
/// Energies (N, P), (N, K), at least 0, to (N,), the mean over right and over wrong answers. Errors: no wrong answers; a
/// margin of 0 or less, or one that no energy reaches; an energy that goes below 0. Unlike `square_square` it looks at every wrong
/// answer, not at the most offending one. The margin is in the units of the energy: 1 is usual for distances of unit
/// vectors (`energy.normalize = true`), which go up to 2.
///
/// Source: over the euclidean energy it is Hadsell, Chopra & LeCun 2006 (DrLIM), eq. 4. Choose it where distances
/// themselves should mean something: neighbours near 0, others at the margin and no further.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Contrastive, Energies, Loss};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Contrastive::default().forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.085).abs() < 1e-9); // ½ 0.2² + ½ (½ 0.5² + ½ 0.1²)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Contrastive {
    /// Energy that wrong answers should reach, above 0.
    pub margin: f64,
    /// `half` (the paper) or `whole`.
    pub convention: ContrastiveConvention,
}

/// The constant in front, where published codes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContrastiveConvention {
    /// Both squares halved, as in the paper.
    #[default]
    Half,
    /// Squares as they are.
    Whole,
}

impl Default for Contrastive {
    fn default() -> Self {
        Self {
            margin: 1.0,
            convention: ContrastiveConvention::Half,
        }
    }
}

impl Contrastive {
    fn constant(self) -> f64 {
        match self.convention {
            ContrastiveConvention::Half => 0.5,
            ContrastiveConvention::Whole => 1.0,
        }
    }
}

impl Loss for Contrastive {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let wrong = energies.wrong()?;
        let short = wrong.affine(-1.0, self.margin)?.relu()?.sqr()?;
        let count = present(wrong)?.sum(D::Minus1)?.maximum(1.0)?;
        let pushed = (short.sum(D::Minus1)? / count)?; // masked ones are beyond the margin
        let pulled = energies.mean(&energies.positive.sqr()?)?;
        Ok(((pulled + pushed)? * self.constant())?)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(self.margin)
    }

    fn active(&self, _: f64, wrong: f64) -> Option<bool> {
        Some(wrong < self.margin)
    }

    fn only_most_offending(&self) -> bool {
        false
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(self.constant() * self.margin * self.margin)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.margin", self.margin)?;
        reachable(self.margin, range)?;
        non_negative("contrastive", range)
    }
}
