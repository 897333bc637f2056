use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use super::part::{Pairs, WrongFrom};
use super::table::too_few_views;
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::Energies;

/// No wrong answers: each view is only compared with the other views of its sample.
///
/// Rows are all ordered pairs of a view and another that answers, V·(V − 1)·B of them when all do. For losses without a margin, beside a
/// regularizer or a target branch.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoNegatives {}

impl Pairs for NoNegatives {
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies> {
        let mut rows = Vec::new();
        for (v, question) in embeddings.questions.iter().enumerate() {
            for (w, answer) in embeddings.answers.iter().enumerate() {
                if v != w {
                    rows.push(energy.energy(question, &answer.unsqueeze(1)?)?);
                }
            }
        }
        if rows.is_empty() {
            return Err(too_few_views());
        }
        Ok(Energies::new(Tensor::cat(&rows, 0)?, None))
    }

    fn answers(&self, _: usize, _: usize) -> Option<usize> {
        Some(1)
    }

    fn wrong_from(&self) -> WrongFrom {
        WrongFrom::Nowhere
    }
}
