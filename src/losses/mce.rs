use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::sigmoid;
use crate::error::Result;

/// Minimum classification error, `1 / (1 + exp(E_I − E_C))`: a smooth count of mistakes.
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers. Errors: no wrong answers. Bounded by 1, so outliers pull
/// weakly, and so do questions that are very wrong at the start.
///
/// Source: LeCun et al. 2006, eq. 14. Choose it to fine-tune what already mostly works.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, Mce};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Mce {}.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.4256).abs() < 1e-4); // 1 / (1 + exp(0.5 − 0.2))
/// # Ok::<(), ravine::error::Error>(())
/// ```
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

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(0.5)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        Ok(())
    }
}
