use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::inference::{Bounds, EnergyModel, Problem};
use crate::random::{Purpose, Stream, stream};

/// N questions with their right answers, at one step of the training.
pub struct Questions<'a> {
    /// The energy as it is now.
    pub model: &'a EnergyModel,
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
    /// Chains (N·C·D) as the last visit left them, for parts that ask for memory.
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

    /// The random numbers of question `index` at this step; the same whatever the chunks of a batch.
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
            model: self.model,
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
