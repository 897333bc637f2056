use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Energy, inner};
use crate::error::{Error, Result};

/// `−Σ_d softmax(y / answer)_d · log softmax(x / question)_d`: how badly x foretells the soft class that y chose. DINO.
///
/// x (N, D) and y (N, K, D), scores of D classes that nobody named, to (N, K), or all pairs of x (N, D) and y (M, D) to
/// (N, M); at least the entropy of y's choice, 0 or more. Errors: dimensions that differ; a temperature of 0 or less. The
/// answers' temperature is the lower one (sharpening), against the collapse to equal scores; `target.center` is against the
/// collapse to one class.
///
/// Source: Caron et al. 2021, *Emerging Properties in Self-Supervised Vision Transformers*, eq. 2. Choose it with a
/// projector that ends in `prototypes`, a momentum target and no negatives.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::energies::{CrossEntropy, Energy};
/// let (x, y) = (Tensor::new(&[[3_f64.ln(), 0.0]], &Cpu)?, Tensor::new(&[[0.0, 0.0]], &Cpu)?);
/// let e = CrossEntropy { question: 1.0, answer: 1.0 }.table(&x, &y)?.to_vec2::<f64>()?;
/// assert!((e[0][0] - 0.8370).abs() < 1e-4); // −½ log ¾ − ½ log ¼
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropy {
    /// Temperature of the student's scores, above 0.
    pub question: f64,
    /// Temperature of the teacher's scores, above 0 and below the student's: 0.04 to 0.07.
    pub answer: f64,
}

impl Default for CrossEntropy {
    fn default() -> Self {
        Self {
            question: 0.1,
            answer: 0.04,
        }
    }
}

/// `log softmax(x / temperature)` over the last dimension.
fn log_softmax(x: &Tensor, temperature: f64) -> Result<Tensor> {
    let x = (x * (1.0 / temperature))?;
    // The maximum only shifts: detached, it leaves the gradient exact.
    let x = x.broadcast_sub(&x.detach().max_keepdim(D::Minus1)?)?;
    let sum = x.exp()?.sum_keepdim(D::Minus1)?;
    Ok(x.broadcast_sub(&sum.log()?)?)
}

impl Energy for CrossEntropy {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let chosen = log_softmax(y, self.answer)?.exp()?;
        Ok(inner(&log_softmax(x, self.question)?, &chosen)?.neg()?)
    }

    fn table(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let chosen = log_softmax(y, self.answer)?.exp()?;
        Ok(log_softmax(x, self.question)?.matmul(&chosen.t()?)?.neg()?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn at_center(&self, dim: usize) -> Option<f64> {
        Some((dim as f64).ln())
    }

    fn validate(&self) -> Result<()> {
        for (key, value) in [("question", self.question), ("answer", self.answer)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::key(
                    &format!("energy.{key}"),
                    format!("is a temperature and must be above 0, not {value}"),
                ));
            }
        }
        Ok(())
    }
}
