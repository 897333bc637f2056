use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use crate::error::Result;

/// Generalised perceptron, `E_C − min_y E(y)` over all answers, the right one too: `max(0, E_C − E_I)`.
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers. Errors: no wrong answers. Its margin is zero: equal
/// energies everywhere cost nothing, so it can collapse when both sides are learned.
///
/// Source: LeCun et al. 2006, eq. 7. Choose it for structured answers where finding the most offending one is all that can
/// be afforded.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, Perceptron};
/// let (right, wrong) = (Tensor::new(&[[0.5]], &Cpu)?, Tensor::new(&[[0.2, 0.9]], &Cpu)?);
/// let loss = Perceptron {}.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.3).abs() < 1e-9); // 0.5 − 0.2
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Perceptron {}

impl Loss for Perceptron {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let gap = energies
            .positive
            .broadcast_sub(&energies.most_offending()?)?;
        energies.mean(&gap.relu()?)
    }

    fn margin(&self) -> Margin {
        Margin::Finite(0.0)
    }

    fn active(&self, right: f64, wrong: f64) -> Option<bool> {
        Some(right > wrong)
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(0.0)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        Ok(())
    }
}
