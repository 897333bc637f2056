//! Answers that are classes: the wrong ones are all others.

use candle_core::{D, Tensor};

use crate::error::{Error, Result};
use crate::inference::EnergyModel;
use crate::losses::Energies;
use crate::objectives::batch::Batch;

/// Energies of the right class (N, 1) and of all others (N, C − 1), and the share of right answers.
pub(super) fn energies(
    model: &EnergyModel,
    codes: &[Tensor],
    batch: &Batch,
) -> Result<(Energies, Tensor)> {
    let parts: Vec<_> = codes
        .iter()
        .map(|c| (c.clone(), None, Vec::new()))
        .collect();
    let table = model.combine(&codes[0], &parts, batch.progress)?; // (N, C)
    let labels = labels(batch)?;
    let energies = Energies::of_classes(&table, labels)?;
    let hits = table.detach().argmin(D::Minus1)?.eq(labels)?;
    let accuracy = hits.to_dtype(table.dtype())?.mean_all()?;
    Ok((energies, accuracy))
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
