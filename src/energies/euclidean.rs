use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cosine, Energy};
use crate::error::Result;

/// Squares below this count as this: the root has an infinite slope at 0, and the clamp makes it flat.
const NEAREST: f64 = 1e-12;

/// `‖x − y‖`, the distance of DrLIM and of triplet losses; of unit vectors when `normalize`, in [0, 2].
///
/// x (N, D) and y (N, K, D) to (N, K), or all pairs of x (N, D) and y (M, D) to (N, M). The gradient at x = y is zero (the
/// root is taken of max(‖x − y‖², 1e-12)). Errors: dimensions that differ.
///
/// Source: Hadsell, Chopra & LeCun 2006, eq. 1. Choose it with margins that are meant in the units of the embedding; with
/// `normalize`, where lengths should mean nothing, and a table of all pairs costs one matrix product.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::energies::{Energy, Euclidean};
/// let (x, y) = (Tensor::new(&[[0.0, 0.0]], &Cpu)?, Tensor::new(&[[3.0, 4.0]], &Cpu)?);
/// let e = Euclidean::default().table(&x, &y)?.to_vec2::<f64>()?;
/// assert!((e[0][0] - 5.0).abs() < 1e-9); // √(3² + 4²)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Euclidean {
    /// Whether x and y are put at length 1 first.
    #[serde(alias = "normalise")]
    pub normalize: bool,
}

/// `√(2 (1 − cos))`, the distance of unit vectors.
fn of_unit_vectors(cosine: &Tensor) -> Result<Tensor> {
    Ok((cosine * 2.0)?.maximum(NEAREST)?.sqrt()?)
}

impl Energy for Euclidean {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        if self.normalize {
            return of_unit_vectors(&Cosine {}.energy(x, y)?);
        }
        let square = y.broadcast_sub(&x.unsqueeze(1)?)?.sqr()?.sum(D::Minus1)?;
        Ok(square.maximum(NEAREST)?.sqrt()?)
    }

    fn table(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        if self.normalize {
            return of_unit_vectors(&Cosine {}.table(x, y)?);
        }
        self.energy(x, &super::offered(x, y)?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (0.0, if self.normalize { 2.0 } else { f64::INFINITY })
    }

    fn is_distance(&self) -> bool {
        true
    }
}
