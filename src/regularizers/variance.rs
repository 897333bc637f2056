use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OverViews, Regularizer, centered};
use crate::error::Result;
use crate::ranges::positive;

/// VICReg's variance term, `mean_d max(0, gamma − sqrt(Var_d + eps))`, averaged over the views.
///
/// Views (B, D) to a scalar; `Var_d` is divided by B − 1. Errors: fewer than two rows; a gamma or an eps of 0 or less. It
/// keeps every dimension's standard deviation above `gamma`.
///
/// Source: Bardes et al. 2022, eq. 1 (the published code's halves over two views are this average, the paper's eq. 6 and
/// other codes add the views: `convention`). Choose it against collapse where no wrong answers are compared.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{Regularizer, Variance};
/// let view = Tensor::new(&[[-0.6], [0.0], [0.6]], &Cpu)?;
/// let value = Variance::default().forward(&[view], 0)?.to_scalar::<f64>()?;
/// assert!((value - 0.4).abs() < 1e-3); // 1 − √(0.36 + 0.0001)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Variance {
    /// Factor in the loss.
    pub weight: f64,
    /// The standard deviation asked for.
    pub gamma: f64,
    /// Added to the variance before the root.
    pub eps: f64,
    /// `mean` or `sum` over the views.
    pub convention: OverViews,
}

impl Default for Variance {
    fn default() -> Self {
        Self {
            weight: 25.0,
            gamma: 1.0,
            eps: 1e-4,
            convention: OverViews::Mean,
        }
    }
}

impl Regularizer for Variance {
    fn forward(&self, views: &[Tensor], _: u64) -> Result<Tensor> {
        let mut terms = Vec::with_capacity(views.len());
        for view in views {
            let (centered, freedom) = centered(view)?;
            let variance = (centered.sqr()?.sum(0)? * (1.0 / freedom))?;
            let std = (variance + self.eps)?.sqrt()?;
            terms.push(std.affine(-1.0, self.gamma)?.relu()?.mean_all()?);
        }
        self.convention.of(&terms)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, _: usize, _: usize) -> f64 {
        (self.gamma - self.eps.sqrt()).max(0.0) * self.convention.of_two_equal()
    }

    fn validate(&self) -> Result<()> {
        positive("regularizers.gamma", self.gamma)?;
        positive("regularizers.eps", self.eps)
    }
}
