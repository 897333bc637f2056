use candle_core::Tensor;

use crate::error::Result;

/// What a part keeps from batch to batch, as parameters that are saved with the run and never trained.
pub trait Memory: Send + Sync {
    /// Answers of earlier batches (M, D), without gradient.
    fn answers(&self) -> Tensor;

    /// Take in the answers (N, D) of a batch, whose update is done.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn enter(&self, answers: &Tensor) -> Result<()>;
}
