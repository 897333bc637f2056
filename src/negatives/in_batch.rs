use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::others::others;
use super::{Negatives, columns, square_table};
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::Energies;

/// In-batch negatives: all views of all other samples of the batch, SimCLR's 2B − 2.
///
/// Questions are all V·B embeddings; each row holds its V − 1 right answers and V·(B − 1) wrong ones, so
/// nll sums over all of them and a margin loss takes the most offending one.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InBatch {}

impl Negatives for InBatch {
    fn energies(
        &self,
        energy: &dyn Energy,
        questions: &[Tensor],
        answers: &[Tensor],
    ) -> Result<Energies> {
        let (table, views, batch) = square_table(energy, questions, answers)?;
        let positive = columns(&table, |row| {
            let same = (row % batch..views * batch).step_by(batch);
            same.filter(|&c| c != row).map(|c| c as u32).collect()
        })?;
        Ok(Energies {
            positive,
            negative: Some(others(&table, batch)?),
            volume: None,
        })
    }

    fn answers(&self, batch: usize, views: usize) -> usize {
        views * batch - 1
    }
}
