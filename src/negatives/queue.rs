use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Negatives, NoNegatives, exclude};
use crate::energies::{Cosine, Energy};
use crate::error::{Error, Result};
use crate::losses::Energies;

/// A queue of the latest answers of earlier batches, first in, first out (MoCo, He et al. 2020).
///
/// Every question is compared with the `size` embeddings in the queue; those of its own batch enter after the loss. The
/// queue starts with random directions and is saved with the run. Choose it, with a target branch, for many wrong
/// answers at a small batch; the older the answers may be, the higher the target's momentum.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Embeddings kept: 4,096 to 65,536.
    pub size: usize,
    /// Wrong answers whose cosine with the question is above this are left out, being right ones in all likelihood;
    /// without it none is. A question that would lose more than half of them keeps them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_above: Option<f64>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            size: 4096,
            exclude_above: None,
        }
    }
}

impl Queue {
    /// Refuse an empty queue.
    ///
    /// # Errors
    /// A sentence with the key.
    pub fn check(&self) -> Result<()> {
        if self.size > 0 {
            return Ok(());
        }
        Err(Error::key("negatives.size", "must be 1 or more"))
    }

    /// Energies (N, size) of the questions of every pair, in the order of [`NoNegatives`], against `queue` (size, D);
    /// the first `answers` views answer.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn against(
        &self,
        energy: &dyn Energy,
        questions: &[Tensor],
        answers: usize,
        queue: &Tensor,
    ) -> Result<Tensor> {
        let mut rows = Vec::new();
        for (view, question) in questions.iter().enumerate() {
            let mut table = energy.table(question, queue)?;
            if let Some(above) = self.exclude_above {
                let cosines = Cosine {}.table(&question.detach(), queue)?;
                table = exclude::left_out(&table, &cosines, above)?;
            }
            rows.extend(vec![table; answers - usize::from(view < answers)]);
        }
        Ok(Tensor::cat(&rows, 0)?)
    }

    /// `queue` (size, D) after `answers` (N, D) came in at its end.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn after(&self, queue: &Tensor, answers: &Tensor) -> Result<Tensor> {
        let come = answers.dim(0)?.min(self.size);
        let answers = answers.narrow(0, answers.dim(0)? - come, come)?;
        if come == self.size {
            return Ok(answers.contiguous()?);
        }
        let stay = queue.narrow(0, come, self.size - come)?;
        Ok(Tensor::cat(&[stay, answers], 0)?)
    }
}

impl Negatives for Queue {
    fn energies(
        &self,
        energy: &dyn Energy,
        questions: &[Tensor],
        answers: &[Tensor],
    ) -> Result<Energies> {
        NoNegatives {}.energies(energy, questions, answers)
    }

    fn validate(&self) -> Result<()> {
        if self.size == 0 {
            return Err(Error::key("negatives.size", "must be 1 or more"));
        }
        exclude::validate(self.exclude_above)
    }

    fn queue(&self) -> Option<&Queue> {
        Some(self)
    }

    fn outside_batch(&self) -> bool {
        true
    }

    fn answers(&self, _: usize, _: usize) -> usize {
        self.size + 1
    }
}
