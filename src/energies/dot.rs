use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Energy, inner};
use crate::error::Result;

/// `−x·y`, unbounded on both sides: length counts as much as direction.
///
/// It goes below zero, so the square losses refuse it. Choose it for linear scores and for vectors that
/// are normalised already.
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
