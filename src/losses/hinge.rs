use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use crate::error::{Error, Result};
use crate::ranges::positive;

/// Hinge, `max(0, margin + E_C − E_I)`: the right answer must be lower than the most offending one by a margin.
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers. Errors: no wrong answers; a margin of 0 or less, or wider
/// than the energy's range. Answers beyond the margin cost nothing, so energies stay where they are once they are right.
/// The margin is in the units of the energy: 0.2 is usual for cosine energies, whose range is [0, 2].
///
/// Source: LeCun et al. 2006, eq. 11; with pairs of views it is the triplet loss (Schroff et al. 2015). Choose it when the
/// difference of energies that is wanted is known.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Hinge, Loss};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Hinge { margin: 1.0 }.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.7).abs() < 1e-9); // 1 + 0.2 − 0.5
/// # Ok::<(), ravine::error::Error>(())
/// ```
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

    fn collapse_value(&self, _: usize) -> Option<f64> {
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
