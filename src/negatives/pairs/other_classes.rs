use candle_core::{DType, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use super::part::Pairs;
use super::table::square;
use crate::energies::Energy;
use crate::error::{Error, Result};
use crate::losses::{Energies, MASKED};

/// Wrong answers of other classes: every view of every image of the same class is a right answer.
///
/// Needs labels; each of the V·B questions is offered the V·B − 1 others, its loss the mean over its right ones. With
/// `info_nce` over cosine energies it is SupCon (Khosla et al. 2020, eq. 2, L_out: the mean stands outside the
/// logarithm). Choose it where labels exist and an embedding is wanted that keeps more than they say. When all labels
/// differ it equals `in_batch`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtherClasses {}

impl Pairs for OtherClasses {
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies> {
        let labels = embeddings.labels.ok_or_else(|| {
            Error::key(
                "negatives.kind",
                "`other_classes` needs labels, but the data have none; put each class in a folder of its own, or use \
                 `in_batch`",
            )
        })?;
        let (table, views, _) = square(energy, embeddings.questions, embeddings.answers)?;
        let labels = Tensor::cat(&vec![labels; views], 0)?;
        let rows = labels.dim(0)?;
        let same = labels.unsqueeze(1)?.broadcast_eq(&labels.unsqueeze(0)?)?; // (V·B, V·B)
        let itself = Tensor::eye(rows, DType::U8, table.device())?;
        let far = Tensor::full(MASKED as f32, table.shape(), table.device())?;
        let far = far.to_dtype(table.dtype())?;
        let others = itself.eq(0_u8)?;
        Ok(Energies::new(
            (&same * others)?.where_cond(&table, &far)?,
            same.where_cond(&far, &table)?,
        ))
    }

    fn needs_labels(&self) -> bool {
        true
    }

    fn answers(&self, batch: usize, views: usize) -> Option<usize> {
        Some(views * batch - 1)
    }
}
