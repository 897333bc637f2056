use candle_core::Tensor;

use super::batch::Batch;
use crate::error::Result;
use crate::graph::{Gradients, Mode};

/// Pulls d loss / d embedding (one per tensor, `None` where the loss does not look) back to the parameters.
pub type Pullback = Box<dyn FnOnce(&[Option<Tensor>]) -> Result<Gradients>>;

/// What the per-example half returns for a chunk of a batch.
pub struct Embedded {
    /// Detached tensors whose first dimension is the chunk.
    pub tensors: Vec<Tensor>,
    /// The way back.
    pub pullback: Pullback,
}

/// What the whole-batch half returns.
pub struct Step {
    /// The scalar to lower.
    pub loss: Tensor,
    /// Other numbers worth a look, by name, in the order they are journaled.
    pub metrics: Vec<(&'static str, Tensor)>,
}

/// Something that can be trained, in two halves so that gradients can be pulled back chunk by chunk.
pub trait Objective {
    /// The per-example half: any chunk of a batch to tensors whose first dimension is the chunk.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded>;

    /// The whole-batch half: every example's tensors to what should be lowered, by candle's autograd.
    ///
    /// # Errors
    /// A tensor operation failed, or the batch lacks what the loss needs.
    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step>;

    /// Called after every update with the share of training done: momentum targets, queues, chains of samples.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn after_update(&mut self, _progress: f64) -> Result<()> {
        Ok(())
    }

    /// The smallest batch, in samples.
    fn min_batch(&self) -> usize {
        1
    }

    /// What the loss reads on a batch of `batch` samples, with `views` answers each, when everything has collapsed, if
    /// that is known.
    fn collapse_value(&self, batch: usize, views: usize) -> Option<f64>;
}
