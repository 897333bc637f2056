//! Regularizers: what keeps the cloud of embeddings from collapsing, without looking at pairs.

mod anchor;
mod covariance;
mod cross_correlation;
mod koleo;
mod sigreg;
mod uniformity;
mod variance;

pub use anchor::FeatureAnchor;
pub use covariance::Covariance;
pub use cross_correlation::CrossCorrelation;
pub use koleo::Koleo;
pub use sigreg::SigReg;
pub use uniformity::Uniformity;
pub use variance::Variance;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ranges::at_least;

/// How the terms of the views become one, where published codes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverViews {
    /// Their mean.
    Mean,
    /// Their sum.
    Sum,
}

impl OverViews {
    /// The scalars of all views as one.
    fn of(self, terms: &[Tensor]) -> Result<Tensor> {
        let terms = Tensor::stack(terms, 0)?;
        match self {
            Self::Mean => Ok(terms.mean_all()?),
            Self::Sum => Ok(terms.sum_all()?),
        }
    }

    /// What two views of term 1 give.
    fn of_two_equal(self) -> f64 {
        match self {
            Self::Mean => 1.0,
            Self::Sum => 2.0,
        }
    }
}

/// A penalty on the shape of the cloud of embeddings.
pub trait Regularizer: Send + Sync {
    /// The penalty, a scalar without its weight, on the embeddings (B, D) of every view.
    ///
    /// `step` seeds those that draw directions.
    ///
    /// # Errors
    /// Fewer than two rows, or a tensor operation failed.
    fn forward(&self, views: &[Tensor], step: u64) -> Result<Tensor>;

    /// Factor in front of it in the loss.
    fn weight(&self) -> f64;

    /// Its value, without weight, when all `rows` embeddings of `dim` numbers in two views are 0: that of a collapsed
    /// network.
    fn collapse_value(&self, rows: usize, dim: usize) -> f64;

    /// Whether it holds embeddings apart: a cloud in one point costs more than one that is spread out.
    fn repels(&self) -> bool {
        true
    }

    /// Whether it looks at features instead of embeddings: those of all views, then those of the same views by the encoder
    /// as it was at the start.
    fn anchors(&self) -> bool {
        false
    }

    /// Refuse settings that cannot work.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

crate::family! {
    /// Regularizers by name.
    RegularizerKind: Regularizer {
        "variance" => Variance(Variance),
        "covariance" => Covariance(Covariance),
        "cross_correlation" => CrossCorrelation(CrossCorrelation),
        "sigreg" => SigReg(SigReg),
        "koleo" => Koleo(Koleo),
        "uniformity" => Uniformity(Uniformity),
        "anchor" => Anchor(FeatureAnchor),
    }
}

/// Refuse a weight or a setting that cannot work.
///
/// # Errors
/// A sentence with the key.
pub(crate) fn validate(regularizer: &dyn Regularizer) -> Result<()> {
    at_least("regularizers.weight", regularizer.weight(), 0.0)?;
    regularizer.validate()
}

/// Rows minus their mean, and the number of rows less one.
fn centered(view: &Tensor) -> Result<(Tensor, f64)> {
    let rows = view.dim(0)?;
    if rows < 2 {
        return Err(crate::error::Error::key(
            "train.batch",
            "a regularizer needs at least two samples in a batch",
        ));
    }
    let centered = view.broadcast_sub(&view.mean_keepdim(0)?)?;
    Ok((centered, (rows - 1) as f64))
}
