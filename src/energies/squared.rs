use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Energy;
use crate::error::Result;

/// `½ ‖x − y‖²`, or the mean square over dimensions: the invariance term of VICReg, the energy of regression.
///
/// x (N, D) and y (N, K, D) to (N, K), or all pairs of x (N, D) and y (M, D) to (N, M); at least 0. Errors: dimensions that
/// differ.
///
/// Source: LeCun et al. 2006, section 3.1; with `mean` Bardes et al. 2022, eq. 5, over D. Choose it when the scale of an
/// embedding is held by a regularizer, or when y is a vector to predict.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::energies::{Energy, Squared};
/// let (x, y) = (Tensor::new(&[[1.0, 2.0]], &Cpu)?, Tensor::new(&[[3.0, 1.0]], &Cpu)?);
/// let e = Squared::default().table(&x, &y)?.to_vec2::<f64>()?;
/// assert!((e[0][0] - 2.5).abs() < 1e-9); // ½ (2² + 1²)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Squared {
    /// `half_sum` (LeCun et al. 2006) or `mean` (published VICReg code: `mse_loss`).
    pub convention: SquaredConvention,
}

/// The constant in front of Σ (x − y)², where published codes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SquaredConvention {
    /// `½ Σ_d (x_d − y_d)²`.
    #[default]
    HalfSum,
    /// `1/D Σ_d (x_d − y_d)²`.
    Mean,
}

impl Squared {
    fn constant(self, dim: usize) -> f64 {
        match self.convention {
            SquaredConvention::HalfSum => 0.5,
            SquaredConvention::Mean => 1.0 / dim as f64,
        }
    }
}

impl Energy for Squared {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let square = y.broadcast_sub(&x.unsqueeze(1)?)?.sqr()?;
        Ok((square.sum(D::Minus1)? * self.constant(x.dim(1)?))?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn is_distance(&self) -> bool {
        true
    }
}
