use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::softplus;
use crate::error::Result;

/// Log loss, `log(1 + exp(E_C − E_I))`: a hinge with a soft corner and no end.
///
/// Energies (N, P), (N, K) to (N,), LeCun et al. 2006, eq. 11. Over distances it is the smooth triplet
/// loss. Choose it instead of the hinge when no margin is known.
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

    fn floor(&self, _: usize) -> Option<f64> {
        Some(std::f64::consts::LN_2)
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        Ok(())
    }
}
