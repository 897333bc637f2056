//! Regularizers: what keeps the cloud of embeddings from collapsing, without looking at pairs.

mod covariance;
mod variance;

pub use covariance::Covariance;
pub use variance::Variance;

use candle_core::Tensor;

use crate::error::Result;

/// A price on the shape of the cloud of embeddings.
pub trait Regularizer: Send + Sync {
    /// The price, a scalar without its weight, of the embeddings (B, D) of every view.
    ///
    /// `step` seeds those that draw directions.
    ///
    /// # Errors
    /// Fewer than two rows, or a tensor operation failed.
    fn forward(&self, views: &[Tensor], step: u64) -> Result<Tensor>;

    /// Factor in front of it in the loss.
    fn weight(&self) -> f64;

    /// Its value, without weight, when all embeddings are equal.
    fn floor(&self) -> f64;
}

crate::family! {
    /// Regularizers by name.
    RegularizerKind: Regularizer {
        "variance" => Variance(Variance),
        "covariance" => Covariance(Covariance),
    }
}

/// Rows minus their mean, and the number of rows less one.
fn centred(view: &Tensor) -> Result<(Tensor, f64)> {
    let rows = view.dim(0)?;
    if rows < 2 {
        return Err(crate::error::Error::key(
            "train.batch",
            "a regularizer needs at least two samples in a batch",
        ));
    }
    let centred = view.broadcast_sub(&view.mean_keepdim(0)?)?;
    Ok((centred, (rows - 1) as f64))
}
