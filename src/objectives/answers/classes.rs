//! Answers that are classes: the wrong ones are all others.

use candle_core::{D, Tensor};

use super::{Answers, Rows};
use crate::error::{Error, Result};
use crate::objectives::Batch;

impl Answers {
    /// Energies of the right class (N, 1) and of all others (N, C − 1), and the share of right answers.
    pub(super) fn class_energies(&self, codes: &[Tensor], batch: &Batch) -> Result<(Rows, Tensor)> {
        let parts: Vec<_> = codes
            .iter()
            .map(|c| (c.clone(), None, Vec::new()))
            .collect();
        let table = self.machine.combine(&codes[0], &parts, batch.progress)?; // (N, C)
        let labels = labels(batch)?;
        let classes = table.dim(1)? as u32;
        let right: Vec<u32> = labels.to_vec1()?;
        if let Some(wrong) = right.iter().find(|&&label| label >= classes) {
            return Err(Error::Usage(format!(
                "a label is {wrong}, but the head has classes 0 to {}; mend the labels, or train a new head",
                classes - 1
            )));
        }
        let others: Vec<u32> = right
            .iter()
            .flat_map(|&y| (0..classes).filter(move |&c| c != y))
            .collect();
        let others = Tensor::from_vec(others, (right.len(), classes as usize - 1), table.device())?;
        let hits = table.detach().argmin(D::Minus1)?.eq(labels)?;
        let accuracy = hits.to_dtype(table.dtype())?.mean_all()?;
        let rows = Rows {
            right: table.gather(&labels.unsqueeze(1)?, D::Minus1)?,
            wrong: Some(table.gather(&others, D::Minus1)?),
            log_density: None,
        };
        Ok((rows, accuracy))
    }
}

fn labels(batch: &Batch) -> Result<&Tensor> {
    batch.labels.as_ref().ok_or_else(|| {
        Error::Usage(
            "this head learns from labels, but the data have none; \
             use a data set with one folder a class, or pretrain without a head"
                .into(),
        )
    })
}
