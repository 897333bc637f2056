use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OverViews, Regularizer, centered};
use crate::error::Result;

/// VICReg's covariance term, `Σ_{i≠j} C_ij² / D`, summed over the views.
///
/// Views (B, D) to a scalar; C is the covariance matrix with B − 1. Errors: fewer than two rows. It keeps dimensions from
/// repeating each other, and does not hold embeddings apart: equal ones cost nothing.
///
/// Source: Bardes et al. 2022, eq. 3 and 4. Choose it beside `variance`, so that the spread does not lie in a few
/// directions.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{Covariance, Regularizer};
/// let view = Tensor::new(&[[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]], &Cpu)?;
/// let value = Covariance::default().forward(&[view], 0)?.to_scalar::<f64>()?;
/// assert!((value - 1.0).abs() < 1e-9); // C_12 = C_21 = 1; (1 + 1) / 2
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Covariance {
    /// Factor in the loss.
    pub weight: f64,
    /// `sum` (the paper, eq. 6, and its code) or `mean` over the views.
    pub convention: OverViews,
}

impl Default for Covariance {
    fn default() -> Self {
        Self {
            weight: 1.0,
            convention: OverViews::Sum,
        }
    }
}

impl Regularizer for Covariance {
    fn forward(&self, views: &[Tensor], _: u64) -> Result<Tensor> {
        let mut terms = Vec::with_capacity(views.len());
        for view in views {
            let (centered, freedom) = centered(view)?;
            let covariance = (centered.t()?.matmul(&centered)? * (1.0 / freedom))?; // (D, D)
            let diagonal = (centered.sqr()?.sum(0)? * (1.0 / freedom))?; // (D,)
            let off = (covariance.sqr()?.sum_all()? - diagonal.sqr()?.sum_all()?)?;
            terms.push((off * (1.0 / view.dim(1)? as f64))?);
        }
        self.convention.of(&terms)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, _: usize, _: usize) -> f64 {
        0.0
    }

    fn repels(&self) -> bool {
        false
    }
}
