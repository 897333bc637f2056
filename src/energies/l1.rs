use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Energy;
use crate::error::Result;

/// `Σ_d |x_d − y_d|`, the Manhattan distance of the tutorial's experiment B.
///
/// Choose it for answers with outliers, or to reproduce LeCun et al. 2006.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct L1 {}

impl Energy for L1 {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        Ok(y.broadcast_sub(&x.unsqueeze(1)?)?.abs()?.sum(D::Minus1)?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
