use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::sigmoid;
use crate::error::Result;

/// Minimum classification error, `1 / (1 + exp(E_I − E_C))`: a smooth count of mistakes.
///
/// Energies (N, P), (N, K) to (N,), LeCun et al. 2006, eq. 14. Bounded by 1, so outliers pull weakly, and
/// so do questions that are very wrong at the start. Choose it to fine-tune what already mostly works.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mce {}

impl Loss for Mce {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let gap = energies
            .positive
            .broadcast_sub(&energies.most_offending()?)?;
        energies.mean(&sigmoid(&gap)?)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn floor(&self, _: usize) -> Option<f64> {
        Some(0.5)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        Ok(())
    }
}
