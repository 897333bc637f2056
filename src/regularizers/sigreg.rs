use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Regularizer;
use crate::error::Result;
use crate::random::{Purpose, normal, stream};
use crate::ranges::positive;

/// Points of the characteristic function that are compared.
const KNOTS: usize = 17;
/// The largest of them.
const LAST: f64 = 3.0;

/// SIGReg, how far the cloud's shadows are from a standard normal:
/// `mean_a B ∫ |φ_a(t) − exp(−t²/2)|² exp(−t²/2) dt`, φ_a the characteristic function of the rows along a.
///
/// Views (B, D) to a scalar, the mean over the views; the integral over [−3, 3] is the trapezoid rule on 17 knots
/// of [0, 3], doubled. The unit directions a are drawn anew at every step, from (`seed`, step). Errors: 0 directions.
///
/// Source: Balestriero & LeCun 2025 (LeJEPA: the Epps-Pulley test along random directions). Choose it with a squared energy
/// for a method without teacher, predictor or negatives; `weight` is λ beside (1 − λ) of the energy.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{Regularizer, SigReg};
/// let view = Tensor::new(&[[0.0, 0.0], [0.0, 0.0]], &Cpu)?;
/// let value = SigReg::default().forward(&[view], 0)?.to_scalar::<f64>()?;
/// assert!((value - 0.804).abs() < 1e-3); // all equal, φ = 1: 2 · 0.402, the integral of (1 − exp(−t²/2))² exp(−t²/2)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SigReg {
    /// Factor in the loss.
    pub weight: f64,
    /// Random directions a step.
    pub directions: usize,
    /// Seed of the directions.
    pub seed: u64,
}

impl Default for SigReg {
    fn default() -> Self {
        Self {
            weight: 0.05,
            directions: 256,
            seed: 0,
        }
    }
}

impl SigReg {
    /// The penalty on one cloud (B, D) seen along the unit columns of `directions` (D, K).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn along(cloud: &Tensor, directions: &Tensor) -> Result<Tensor> {
        let shadows = cloud.matmul(directions)?; // (B, K)
        let mut terms = Vec::with_capacity(KNOTS);
        for (t, weight, normal) in knots() {
            let angle = (&shadows * t)?;
            let real = (angle.cos()?.mean(0)? - normal)?;
            let imaginary = angle.sin()?.mean(0)?;
            let distance = (real.sqr()? + imaginary.sqr()?)?.mean_all()?;
            terms.push((distance * (weight * normal))?);
        }
        Ok((Tensor::stack(&terms, 0)?.sum_all()? * cloud.dim(0)? as f64)?)
    }

    /// Unit columns (D, K), like `cloud` (B, D) in kind and place.
    fn drawn(self, cloud: &Tensor, step: u64) -> Result<Tensor> {
        let (dim, count) = (cloud.dim(1)?, self.directions);
        let mut rng = stream(self.seed, Purpose::Directions, step, 0, 0);
        let values: Vec<f64> = (0..dim * count).map(|_| normal(&mut rng)).collect();
        let columns = Tensor::from_vec(values, (dim, count), &candle_core::Device::Cpu)?;
        let length = columns.sqr()?.sum_keepdim(0)?.sqrt()?;
        let columns = columns.broadcast_div(&length)?;
        Ok(columns.to_dtype(cloud.dtype())?.to_device(cloud.device())?)
    }
}

/// Each knot t with its weight and exp(−t²/2).
fn knots() -> impl Iterator<Item = (f64, f64, f64)> {
    let step = LAST / (KNOTS - 1) as f64;
    (0..KNOTS).map(move |k| {
        let t = k as f64 * step;
        let weight = if k == 0 || k == KNOTS - 1 {
            step
        } else {
            2.0 * step
        };
        (t, weight, (-0.5 * t * t).exp())
    })
}

impl Regularizer for SigReg {
    fn forward(&self, views: &[Tensor], step: u64) -> Result<Tensor> {
        let directions = self.drawn(&views[0], step)?;
        let terms = views.iter().map(|view| Self::along(view, &directions));
        Ok(Tensor::stack(&terms.collect::<Result<Vec<_>>>()?, 0)?.mean_all()?)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, rows: usize, _: usize) -> f64 {
        let one: f64 = knots()
            .map(|(_, weight, g)| weight * g * (1.0 - g).powi(2))
            .sum();
        rows as f64 * one
    }

    fn validate(&self) -> Result<()> {
        positive("regularizers.directions", self.directions as f64)
    }
}
