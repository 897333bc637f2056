use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Regularizer, centered};
use crate::error::{Error, Result};
use crate::ranges::{at_least, positive};

/// Barlow Twins, `Σ_i (1 − C_ii)² + lambda Σ_{i≠j} C_ij²`, C the cross-correlation of two views.
///
/// Two views (B, D) to a scalar; columns are standardised with the biased variance plus `eps`, `C = aᵀb / B`. Errors: another
/// number of views than two; fewer than two rows; a lambda below 0; an eps of 0 or less. Pairs agree along the diagonal,
/// dimensions do not repeat each other off it.
///
/// Source: Zbontar et al. 2021, eq. 1. Choose it as a method by itself, with many dimensions (thousands on ImageNet) and
/// without many negatives.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{CrossCorrelation, Regularizer};
/// let view = Tensor::new(&[[-1.0, -1.0], [1.0, 1.0]], &Cpu)?;
/// let value = CrossCorrelation::default().forward(&[view.clone(), view], 0)?.to_scalar::<f64>()?;
/// assert!((value - 0.01).abs() < 1e-4); // all C_ij = 1; 0 + 0.005 · 2
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrossCorrelation {
    /// Factor in the loss.
    pub weight: f64,
    /// Factor of the squares off the diagonal.
    pub lambda: f64,
    /// Added to the variance before the root.
    pub eps: f64,
}

impl Default for CrossCorrelation {
    fn default() -> Self {
        Self {
            weight: 1.0,
            lambda: 5e-3,
            eps: 1e-5,
        }
    }
}

impl CrossCorrelation {
    fn standardized(self, view: &Tensor) -> Result<Tensor> {
        let (centered, _) = centered(view)?;
        let std = (centered.sqr()?.mean_keepdim(0)? + self.eps)?.sqrt()?;
        Ok(centered.broadcast_div(&std)?)
    }
}

impl Regularizer for CrossCorrelation {
    fn forward(&self, views: &[Tensor], _: u64) -> Result<Tensor> {
        let [a, b] = views else {
            return Err(Error::key(
                "augment.views",
                format!(
                    "`cross_correlation` compares two views, not {}",
                    views.len()
                ),
            ));
        };
        let (a, b) = (self.standardized(a)?, self.standardized(b)?);
        let rows = a.dim(0)? as f64;
        let table = (a.t()?.matmul(&b)? * (1.0 / rows))?; // (D, D)
        let diagonal = ((&a * &b)?.sum(0)? * (1.0 / rows))?; // (D,)
        let off = (table.sqr()?.sum_all()? - diagonal.sqr()?.sum_all()?)?;
        let on = diagonal.affine(-1.0, 1.0)?.sqr()?.sum_all()?;
        Ok((on + (off * self.lambda)?)?)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, _: usize, dim: usize) -> f64 {
        dim as f64
    }

    fn validate(&self) -> Result<()> {
        at_least("regularizers.lambda", self.lambda, 0.0)?;
        positive("regularizers.eps", self.eps)
    }
}
