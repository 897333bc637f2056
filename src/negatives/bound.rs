use std::sync::{Mutex, PoisonError};

use candle_core::Tensor;

use super::pairs::{Embeddings, Memory, Pairs, PairsKind};
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::Energies;
use crate::params::Params;

/// A part bound to the parameters of a run, with the memory that it keeps there.
///
/// Answers of a batch enter the memory after the update, so that no question meets its own answer among the wrong ones.
pub struct BoundPairs {
    kind: PairsKind,
    memory: Option<Box<dyn Memory>>,
    waiting: Mutex<Option<Tensor>>, // answers that enter after the update
}

impl BoundPairs {
    /// Bind a part to `params`; embeddings have `dim` numbers.
    ///
    /// # Errors
    /// The parameters of its memory cannot be created.
    pub fn new(kind: PairsKind, params: &Params, dim: usize) -> Result<Self> {
        Ok(Self {
            memory: kind.part().memory(params, dim)?,
            waiting: Mutex::new(None),
            kind,
        })
    }

    /// The part.
    #[must_use]
    pub fn part(&self) -> &dyn Pairs {
        self.kind.part()
    }

    /// As [`Pairs::energies`], with what the memory holds as `earlier`.
    ///
    /// # Errors
    /// As [`Pairs::energies`].
    pub fn energies(&self, energy: &dyn Energy, embeddings: Embeddings) -> Result<Energies> {
        let Some(memory) = &self.memory else {
            return self.part().energies(energy, &embeddings);
        };
        let come = Tensor::cat(embeddings.answers, 0)?.detach();
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(come);
        let earlier = memory.answers();
        let embeddings = Embeddings {
            earlier: Some(&earlier),
            ..embeddings
        };
        self.part().energies(energy, &embeddings)
    }

    /// The update is done: the answers of its batch enter the memory.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn after_update(&mut self) -> Result<()> {
        let waiting = self.waiting.get_mut();
        let come = waiting.unwrap_or_else(PoisonError::into_inner).take();
        match (&self.memory, come) {
            (Some(memory), Some(answers)) => memory.enter(&answers),
            _ => Ok(()),
        }
    }
}
