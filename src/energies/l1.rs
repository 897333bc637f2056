use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Energy;
use crate::error::Result;

/// `Σ_d |x_d − y_d|`, the Manhattan distance of the tutorial's experiment B.
///
/// x (N, D) and y (N, K, D) to (N, K), or all pairs of x (N, D) and y (M, D) to (N, M); at least 0. Errors: dimensions that
/// differ.
///
/// Source: LeCun et al. 2006, section 5.1. Choose it for answers with outliers, or to reproduce the experiment.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::energies::{Energy, L1};
/// let (x, y) = (Tensor::new(&[[0.0, 0.0]], &Cpu)?, Tensor::new(&[[3.0, -4.0]], &Cpu)?);
/// let e = L1 {}.table(&x, &y)?.to_vec2::<f64>()?;
/// assert!((e[0][0] - 7.0).abs() < 1e-9); // 3 + 4
/// # Ok::<(), ravine::error::Error>(())
/// ```
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

    fn is_distance(&self) -> bool {
        true
    }
}
