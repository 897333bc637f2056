use candle_core::Tensor;

use crate::error::Result;

/// A batch on the training device.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The views of each sample (or the inputs), each (B, sample shape..).
    pub inputs: Vec<Tensor>,
    /// Classes (B,) in unsigned integers, when the data have them.
    pub labels: Option<Tensor>,
    /// Answers (B, D) that are vectors, when the data have them.
    pub answers: Option<Tensor>,
    /// Index of each sample in its data set.
    pub samples: Vec<u64>,
    /// The step this batch belongs to: seeds what a regularizer draws.
    pub step: u64,
    /// Share of the training done before this batch, in [0, 1): what anneals looks at it.
    pub progress: f64,
}

impl Batch {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// `count` samples from `start` on.
    ///
    /// # Errors
    /// They reach past the end.
    pub fn slice(&self, start: usize, count: usize) -> Result<Self> {
        let narrow =
            |rows: Option<&Tensor>| rows.map(|rows| rows.narrow(0, start, count)).transpose();
        let inputs = self.inputs.iter().map(|x| x.narrow(0, start, count));
        Ok(Self {
            inputs: inputs.collect::<candle_core::Result<_>>()?,
            labels: narrow(self.labels.as_ref())?,
            answers: narrow(self.answers.as_ref())?,
            samples: self.samples[start..start + count].to_vec(),
            step: self.step,
            progress: self.progress,
        })
    }
}
