use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Regularizer, centered};
use crate::energies::l2_normalize;
use crate::error::Result;
use crate::ranges::positive;

/// Distances below this count as this.
const NEAREST: f64 = 1e-12;

/// Kozachenko-Leonenko spread, `−mean_i log(‖x_i − x_n(i)‖ + eps)` with n(i) the nearest other row, on unit vectors.
///
/// Views (B, D) to a scalar, the mean over the views. Errors: fewer than two rows; an eps of 0 or less. It pushes each
/// embedding away from its nearest neighbour.
///
/// Source: Sablayrolles et al. 2019; DINOv2 gives it weight 0.1. Choose it as a cheap guard to add to any method.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{Koleo, Regularizer};
/// let view = Tensor::new(&[[1.0, 0.0], [0.0, 2.0]], &Cpu)?;
/// let value = Koleo::default().forward(&[view], 0)?.to_scalar::<f64>()?;
/// assert!((value + 0.3466).abs() < 1e-4); // −log √2
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Koleo {
    /// Factor in the loss.
    pub weight: f64,
    /// Added to the distance.
    pub eps: f64,
}

impl Default for Koleo {
    fn default() -> Self {
        Self {
            weight: 0.1,
            eps: 1e-8,
        }
    }
}

impl Koleo {
    fn of(self, view: &Tensor) -> Result<Tensor> {
        centered(view)?; // refuses a single row
        let x = l2_normalize(view)?;
        let rows = x.dim(0)?;
        let itself = (Tensor::eye(rows, x.dtype(), x.device())? * 4.0)?; // below any cosine
        let nearest = (x.detach().matmul(&x.detach().t()?)? - itself)?.argmax(D::Minus1)?;
        let square = (&x - x.index_select(&nearest, 0)?)?.sqr()?.sum(D::Minus1)?;
        // The root has an infinite slope at 0; below NEAREST² the clamp makes it flat.
        let distance = (square.maximum(NEAREST * NEAREST)?.sqrt()? + self.eps)?;
        Ok(distance.log()?.mean_all()?.neg()?)
    }
}

impl Regularizer for Koleo {
    fn forward(&self, views: &[Tensor], _: u64) -> Result<Tensor> {
        let terms = views.iter().map(|view| self.of(view));
        Ok(Tensor::stack(&terms.collect::<Result<Vec<_>>>()?, 0)?.mean_all()?)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, _: usize, _: usize) -> f64 {
        -(NEAREST + self.eps).ln()
    }

    fn validate(&self) -> Result<()> {
        positive("regularizers.eps", self.eps)
    }
}
