//! What a source of wrong answers is asked, and what it gives.

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::inference::{Bounds, Machine, Problem};
use crate::random::{Purpose, Stream, stream};

/// N questions with their right answers, at one step of the training.
pub struct Questions<'a> {
    /// The energy as it is now.
    pub machine: &'a Machine,
    /// Codes of the questions, detached.
    pub codes: &'a [Tensor],
    /// Right answers (N·D).
    pub right: &'a [f32],
    /// Where answers are looked for.
    pub bounds: &'a Bounds,
    /// The run's seed.
    pub seed: u64,
    /// The step.
    pub step: u64,
    /// Index of each question in its data set.
    pub samples: &'a [u64],
    /// Chains (N·C·D) as the last visit left them, for sources that ask for memory.
    pub memory: Option<Vec<f32>>,
}

impl Questions<'_> {
    /// Number of questions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Numbers in an answer.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.bounds.dim()
    }

    /// The right answer to question `index` (D,).
    #[must_use]
    pub fn right(&self, index: usize) -> &[f32] {
        &self.right[index * self.dim()..(index + 1) * self.dim()]
    }

    /// The random numbers of question `index` at this step; the same whatever the slices of a batch.
    #[must_use]
    pub fn stream(&self, index: usize, view: u64) -> Stream {
        stream(
            self.seed,
            Purpose::Negatives,
            self.step,
            self.samples[index],
            view,
        )
    }

    /// The same as a problem of inference.
    #[must_use]
    pub fn problem(&self) -> Problem<'_> {
        Problem {
            machine: self.machine,
            codes: self.codes,
            bounds: self.bounds,
            seed: self.seed,
            first: 0,
        }
    }

    /// `values` (N·K·D) as a tensor on the training device.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn tensor(&self, values: Vec<f32>) -> Result<Tensor> {
        let (n, dim) = (self.len(), self.dim());
        let k = values.len() / (n * dim).max(1);
        Ok(Tensor::from_vec(values, (n, k, dim), self.device())?)
    }

    /// The training device.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.codes[0].device()
    }
}

/// What was offered.
pub struct Proposed {
    /// Wrong answers (N, K, D).
    pub answers: Tensor,
    /// log q of the right answer and of the wrong ones (N, 1 + K), where they were drawn from a density that is known.
    pub log_density: Option<Tensor>,
    /// New state of the chains (N·C·D), for sources with memory.
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

/// How a sum over the wrong answers stands for the sum, or integral, over all answers in a Gibbs loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// They are all there are: counted, together with the right one.
    Counted,
    /// Points of an integral, each standing for this volume.
    Cells(f64),
    /// Drawn from a known density: each energy gets log q / beta added (R-NCE), right answer included.
    Density,
    /// Drawn from the model itself: their mean energy replaces the log-partition (contrastive divergence).
    Model,
}

/// A source of wrong answers.
pub trait WrongAnswers: Send + Sync {
    /// Wrong answers to each question, detached; a pure function of the questions.
    ///
    /// # Errors
    /// Settings that leave none, or a tensor operation failed.
    fn propose(&self, questions: &Questions) -> Result<Proposed>;

    /// What they stand for.
    fn measure(&self, bounds: &Bounds) -> Measure;

    /// Chains remembered of each sample of the training set; 0 for none.
    fn chains(&self) -> usize {
        0
    }

    /// Answers offered to a question, the right one included.
    fn offered(&self, dim: usize) -> usize;

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()>;
}
