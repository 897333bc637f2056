use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use super::exclude;
use super::others::others;
use super::part::Pairs;
use super::table::square;
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::{Energies, columns};

/// In-batch negatives: all views of all other samples of the batch, SimCLR's 2B − 2.
///
/// Questions are all V·B embeddings; each row holds its V − 1 right answers and V·(B − 1) wrong ones, so
/// nll sums over all of them and a margin loss takes the most offending one.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InBatch {
    /// Wrong answers whose cosine with the question is above this are left out, being right ones in all likelihood;
    /// without it none is. A question that would lose more than half of them keeps them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_above: Option<f64>,
}

impl Pairs for InBatch {
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies> {
        exclude::without(self.exclude_above, energy, embeddings, compare)
    }

    fn validate(&self) -> Result<()> {
        exclude::validate(self.exclude_above)
    }

    fn answers(&self, batch: usize, views: usize) -> Option<usize> {
        Some(views * (batch - 1) + 1)
    }
}

/// All pairs, whatever they look like.
fn compare(energy: &dyn Energy, questions: &[Tensor], answers: &[Tensor]) -> Result<Energies> {
    let (table, views, batch) = square(energy, questions, answers)?;
    let positive = columns(&table, |row| {
        let same = (row % batch..views * batch).step_by(batch);
        same.filter(|&c| c != row).map(|c| c as u32).collect()
    })?;
    Ok(Energies::new(positive, others(&table, batch)?))
}
