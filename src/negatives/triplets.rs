use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{InBatch, Negatives};
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::Energies;

/// Every triplet (anchor, its other view, one wrong answer in the batch) as a question of its own.
///
/// The loss is the mean over the triplets that still cost something (`batch all`, Hermans et al. 2017,
/// which keeps the many solved ones from drowning the rest); 0 when none does.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Triplets {}

impl Negatives for Triplets {
    fn energies(
        &self,
        energy: &dyn Energy,
        questions: &[Tensor],
        answers: &[Tensor],
    ) -> Result<Energies> {
        let rows = InBatch {}.energies(energy, questions, answers)?;
        let wrong = rows.wrong()?;
        let (n, k) = wrong.dims2()?;
        let p = rows.positive.dim(1)?;
        let negative = wrong.unsqueeze(1)?.expand((n, p, k))?.contiguous()?;
        let positive = rows
            .positive
            .unsqueeze(2)?
            .expand((n, p, k))?
            .contiguous()?;
        Ok(Energies {
            positive: positive.reshape((n * p * k, 1))?,
            negative: Some(negative.reshape((n * p * k, 1))?),
            volume: None,
        })
    }

    fn reduce(&self, losses: &Tensor) -> Result<Tensor> {
        let active = losses.detach().gt(0.0)?.to_dtype(losses.dtype())?;
        let count = active.sum_all()?.maximum(1.0)?;
        Ok((losses.sum_all()? / count)?)
    }

    fn answers(&self, _: usize, _: usize) -> usize {
        2
    }
}
