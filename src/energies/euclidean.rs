use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Energy;
use crate::error::Result;

/// `‖x − y‖`, the distance of DrLIM and of triplet losses.
///
/// The gradient at x = y is zero (the root is taken of max(‖x − y‖², 1e-12)).
/// Choose it with margins that are meant in the units of the embedding.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Euclidean {}

impl Energy for Euclidean {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let square = y.broadcast_sub(&x.unsqueeze(1)?)?.sqr()?.sum(D::Minus1)?;
        // The root has an infinite slope at 0; below 1e-12 the clamp makes it flat.
        Ok(square.maximum(1e-12)?.sqrt()?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
