use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use super::exclude;
use super::part::Pairs;
use super::table::too_few_views;
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::Energies;

/// In-batch negatives of the other view only: each view asks among the B samples of another view, B − 1 of them wrong.
///
/// Rows are all ordered pairs of views, V·(V − 1)·B of them. CLIP's and SigLIP's convention, and the original InfoNCE's
/// (van den Oord et al. 2018); `in_batch` also compares a view with its own kind.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtherView {
    /// Wrong answers whose cosine with the question is above this are left out, being right ones in all likelihood;
    /// without it none is. A question that would lose more than half of them keeps them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_above: Option<f64>,
}

impl Pairs for OtherView {
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies> {
        exclude::without(self.exclude_above, energy, embeddings, compare)
    }

    fn validate(&self) -> Result<()> {
        exclude::validate(self.exclude_above)
    }

    fn answers(&self, batch: usize, _: usize) -> Option<usize> {
        Some(batch)
    }
}

/// All pairs, whatever they look like.
fn compare(energy: &dyn Energy, questions: &[Tensor], answers: &[Tensor]) -> Result<Energies> {
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for (v, question) in questions.iter().enumerate() {
        for (w, answer) in answers.iter().enumerate() {
            if v == w {
                continue;
            }
            let table = energy.table(question, answer)?;
            // Sample b is the right answer to question b: every sample is a class.
            let samples = Tensor::arange(0, table.dim(0)? as u32, table.device())?;
            let of_pair = Energies::of_classes(&table, &samples)?;
            wrong.push(of_pair.wrong()?.clone());
            right.push(of_pair.positive);
        }
    }
    if right.is_empty() {
        return Err(too_few_views());
    }
    Ok(Energies::new(
        Tensor::cat(&right, 0)?,
        Tensor::cat(&wrong, 0)?,
    ))
}
