use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Energy, inner};
use crate::error::Result;

/// `−x·y`, unbounded on both sides: length counts as much as direction.
///
/// x (N, D) and y (N, K, D) to (N, K), or all pairs of x (N, D) and y (M, D) to (N, M). Errors: dimensions that differ. It
/// goes below zero, so the square losses refuse it.
///
/// Source: LeCun et al. 2006, section 3.2, with a vector in the place of the class. Choose it for linear scores and for
/// vectors that are normalised already.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::energies::{Dot, Energy};
/// let (x, y) = (Tensor::new(&[[1.0, 2.0]], &Cpu)?, Tensor::new(&[[3.0, 4.0]], &Cpu)?);
/// let e = Dot {}.table(&x, &y)?.to_vec2::<f64>()?;
/// assert!((e[0][0] + 11.0).abs() < 1e-9); // −(3 + 8)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dot {}

impl Energy for Dot {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        Ok(inner(x, y)?.neg()?)
    }

    fn table(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        Ok(x.matmul(&y.t()?)?.neg()?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }
}
