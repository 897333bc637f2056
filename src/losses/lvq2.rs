use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::fit::non_negative;
use super::loss::{Loss, Margin};
use crate::error::Result;
use crate::ranges::positive;

/// Learning vector quantisation 2, `min(1, max(0, (E_C − E_I) / (delta · E_I)))`.
///
/// Energies (N, P), (N, K), at least 0, to (N,), the mean over right answers; E_I is held above 1e-12 in the denominator.
/// Errors: no wrong answers; a delta of 0 or less; with `ratio` an energy that goes below 0. It saturates where
/// `E_C / E_I = 1 + delta`, so very wrong questions no longer pull; its margin is zero, so equal energies cost nothing.
///
/// Source: LeCun et al. 2006, eq. 13. Choose it where some labels are wrong: they stop pulling.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, Lvq2};
/// let (right, wrong) = (Tensor::new(&[[0.6]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Lvq2::default().forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.4).abs() < 1e-9); // (0.6 − 0.5) / (0.5 · 0.5)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lvq2 {
    /// Width of the window, above 0.
    pub delta: f64,
    /// Which of the two published forms.
    pub convention: Lvq2Convention,
}

/// What is cut off at 1, where published codes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lvq2Convention {
    /// `max(0, E_C − E_I) / (delta · E_I)`, for energies of at least 0.
    #[default]
    Ratio,
    /// `max(0, E_C − E_I)`, for energies of any sign; delta plays no part.
    Difference,
}

impl Default for Lvq2 {
    fn default() -> Self {
        Self {
            delta: 0.5,
            convention: Lvq2Convention::Ratio,
        }
    }
}

impl Loss for Lvq2 {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let offending = energies.most_offending()?;
        let mut violation = energies.positive.broadcast_sub(&offending)?;
        if self.convention == Lvq2Convention::Ratio {
            let window = (offending.maximum(1e-12)? * self.delta)?;
            violation = violation.broadcast_div(&window)?;
        }
        energies.mean(&violation.relu()?.minimum(1.0)?)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(0.0)
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(0.0)
    }

    fn validate(&self, range: (f64, f64)) -> Result<()> {
        positive("loss.delta", self.delta)?;
        match self.convention {
            Lvq2Convention::Ratio => non_negative("lvq2", range),
            Lvq2Convention::Difference => Ok(()),
        }
    }
}
