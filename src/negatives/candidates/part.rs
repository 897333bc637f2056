use candle_core::Tensor;

use super::partition::Partition;
use super::questions::Questions;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::Bounds;

/// What was proposed.
pub struct Proposed {
    /// Wrong answers (N, K, D).
    pub answers: Tensor,
    /// log q of the right answer and of the wrong ones (N, 1 + K), where they were drawn from a density that is known.
    pub log_density: Option<Tensor>,
    /// New state of the chains (N·C·D), for parts with memory.
    pub memory: Option<Vec<f32>>,
}

impl Proposed {
    /// Answers without a density and without memory.
    #[must_use]
    pub fn of(answers: Tensor) -> Self {
        Self {
            answers,
            log_density: None,
            memory: None,
        }
    }
}

/// Proposes wrong answers to the questions of a head.
pub trait Candidates: Send + Sync {
    /// Whether its answers lie in `space`.
    fn suits(&self, space: Space) -> bool {
        matches!(space, Space::Vectors(_))
    }

    /// Wrong answers to each question, detached; a pure function of the questions. `None` for labels, which a head
    /// compares all at once.
    ///
    /// # Errors
    /// Settings that leave no answer, or a tensor operation failed.
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>>;

    /// How a Gibbs loss makes its partition function of them.
    fn partition(&self, bounds: &Bounds) -> Partition;

    /// Answers offered to a question, the right one included.
    fn offered(&self, space: Space) -> usize;

    /// Chains remembered of each sample of the training set; 0 for none.
    fn chains(&self) -> usize {
        0
    }

    /// Distance from the right answer up to which no answer counts as wrong, in the units of y, where it keeps one.
    fn radius(&self) -> Option<f64> {
        None
    }

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}
