use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::softplus;
use crate::error::Result;

/// Log loss, `log(1 + exp(E_C − E_I))`: a hinge with a soft corner and no end.
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers. Errors: no wrong answers.
///
/// Source: LeCun et al. 2006, eq. 12. Over distances it is the smooth triplet loss. Choose it instead of the hinge when no
/// margin is known.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Log, Loss};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = Log {}.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.5544).abs() < 1e-4); // log(1 + exp(0.2 − 0.5))
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {}

impl Loss for Log {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let gap = energies
            .positive
            .broadcast_sub(&energies.most_offending()?)?;
        energies.mean(&softplus(&gap)?)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn collapse_value(&self, _: usize) -> Option<f64> {
        Some(std::f64::consts::LN_2)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        Ok(())
    }
}
