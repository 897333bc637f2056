use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use super::exclude;
use super::memory::Memory;
use super::none::NoNegatives;
use super::part::{Pairs, WrongFrom};
use crate::energies::{Cosine, Energy};
use crate::error::{Error, Result};
use crate::losses::Energies;
use crate::params::{Init, Param, ParamSpec, Params, Role};

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
    /// Energies (N, size) of the questions of every pair, in the order of [`NoNegatives`], against `queue` (size, D).
    fn against(
        &self,
        energy: &dyn Energy,
        embeddings: &Embeddings,
        queue: &Tensor,
    ) -> Result<Tensor> {
        let (mut rows, answers) = (Vec::new(), embeddings.answers.len());
        for (view, question) in embeddings.questions.iter().enumerate() {
            let mut table = energy.table(question, queue)?;
            if let Some(above) = self.exclude_above {
                let cosines = Cosine {}.table(&question.detach(), queue)?;
                table = exclude::masked(&table, &cosines, above)?;
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

impl Pairs for Queue {
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies> {
        let earlier = embeddings
            .earlier
            .ok_or_else(|| Error::Failed("the queue was not set up".into()))?;
        let mut energies = NoNegatives {}.energies(energy, embeddings)?;
        energies.negative = Some(self.against(energy, embeddings, earlier)?);
        Ok(energies)
    }

    fn memory(&self, params: &Params, dim: usize) -> Result<Option<Box<dyn Memory>>> {
        let kept = params.create(&ParamSpec {
            name: "queue".into(),
            shape: vec![self.size, dim],
            init: Init::Normal(1.0),
            role: Role::Buffer,
        })?;
        Ok(Some(Box::new(Kept { queue: *self, kept })))
    }

    fn wrong_from(&self) -> WrongFrom {
        WrongFrom::Memory
    }

    fn validate(&self) -> Result<()> {
        if self.size == 0 {
            return Err(Error::key("negatives.size", "must be 1 or more"));
        }
        exclude::validate(self.exclude_above)
    }

    fn answers(&self, _: usize, _: usize) -> Option<usize> {
        Some(self.size + 1)
    }
}

/// The queue of a run: the buffer `queue` (size, D).
struct Kept {
    queue: Queue,
    kept: Param,
}

impl Memory for Kept {
    fn answers(&self) -> Tensor {
        self.kept.var.as_detached_tensor()
    }

    fn enter(&self, answers: &Tensor) -> Result<()> {
        let after = self.queue.after(&self.answers(), answers)?;
        Ok(self.kept.var.set(&after)?)
    }
}
