use candle_core::Tensor;

use super::embeddings::Embeddings;
use super::memory::Memory;
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::Energies;
use crate::params::Params;

/// Where wrong answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongFrom {
    /// There are none.
    Nowhere,
    /// Other samples of the batch: a small batch has few.
    Batch,
    /// Earlier batches.
    Memory,
}

/// Chooses which embeddings of views are compared.
pub trait Pairs: Send + Sync {
    /// Energies of the right answers (N, P) and of the wrong ones (N, K) of every question.
    ///
    /// # Errors
    /// Fewer than two views, labels or a memory that are needed and missing, or a tensor operation failed.
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies>;

    /// How many answers, right ones included, a question has in a collapsed batch of `batch` samples of `views` views;
    /// 1 when there are no wrong ones. `None` where equal answers are left out, so that a collapsed loss reads 0.
    fn answers(&self, batch: usize, views: usize) -> Option<usize>;

    /// The mean over questions of their losses (N,): a scalar.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn reduce(&self, losses: &Tensor) -> Result<Tensor> {
        Ok(losses.mean_all()?)
    }

    /// What is kept of embeddings of `dim` numbers from batch to batch, its values among `params`; `None` for nothing.
    ///
    /// # Errors
    /// A parameter of this name exists with another shape.
    fn memory(&self, _params: &Params, _dim: usize) -> Result<Option<Box<dyn Memory>>> {
        Ok(None)
    }

    /// Where the wrong answers come from.
    fn wrong_from(&self) -> WrongFrom {
        WrongFrom::Batch
    }

    /// Whether a loss of the lowest wrong energy meets the lowest of many, which at the start pulls all embeddings
    /// into one point.
    fn offers_hardest(&self) -> bool {
        true
    }

    /// Whether it looks at labels.
    fn needs_labels(&self) -> bool {
        false
    }

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}
