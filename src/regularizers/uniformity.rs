use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Regularizer, centered};
use crate::energies::l2_normalize;
use crate::error::Result;
use crate::ranges::positive;

/// Uniformity, `log mean_{i<j} exp(−t ‖x_i − x_j‖²)` on unit vectors: how evenly they cover the sphere.
///
/// Views (B, D) to a scalar, the mean over the views; 0 when all embeddings are equal, the lower the better. Errors: fewer
/// than two rows; a t of 0 or less.
///
/// Source: Wang & Isola 2020, eq. 4. Choose it with a squared energy of unit vectors: their alignment-uniformity method.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{Regularizer, Uniformity};
/// let view = Tensor::new(&[[1.0, 0.0], [0.0, 2.0]], &Cpu)?;
/// let value = Uniformity::default().forward(&[view], 0)?.to_scalar::<f64>()?;
/// assert!((value + 4.0).abs() < 1e-9); // log exp(−2 · (√2)²)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Uniformity {
    /// Factor in the loss.
    pub weight: f64,
    /// How fast the penalty on a pair falls with its distance.
    pub t: f64,
}

impl Default for Uniformity {
    fn default() -> Self {
        Self {
            weight: 1.0,
            t: 2.0,
        }
    }
}

impl Uniformity {
    fn of(self, view: &Tensor) -> Result<Tensor> {
        centered(view)?; // refuses a single row
        let x = l2_normalize(view)?;
        let rows = x.dim(0)?;
        let lengths = x.sqr()?.sum_keepdim(D::Minus1)?;
        let products = (x.matmul(&x.t()?)? * -2.0)?;
        let squares = products
            .broadcast_add(&lengths)?
            .broadcast_add(&lengths.t()?)?;
        let all = (squares * -self.t)?.exp()?.sum_all()?;
        // The diagonal holds exp(0) each; the rest counts every pair twice.
        let pairs = (rows * (rows - 1)) as f64;
        Ok(((all - rows as f64)? * (1.0 / pairs))?.log()?)
    }
}

impl Regularizer for Uniformity {
    fn forward(&self, views: &[Tensor], _: u64) -> Result<Tensor> {
        let terms = views.iter().map(|view| self.of(view));
        Ok(Tensor::stack(&terms.collect::<Result<Vec<_>>>()?, 0)?.mean_all()?)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, _: usize, _: usize) -> f64 {
        0.0
    }

    fn validate(&self) -> Result<()> {
        positive("regularizers.t", self.t)
    }
}
