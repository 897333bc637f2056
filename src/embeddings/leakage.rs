//! What is measured on rows that training rows show already.

use std::collections::BTreeMap;

use super::table::EmbeddingTable;
use crate::error::Result;
use crate::eval::Features;
use crate::eval::features::accuracy;
use crate::eval::knn::Knn;

/// Numbers of a table that are compared; those of larger ones would not fit into memory twice.
const MOST: usize = 64 << 20;

/// Accuracy of the nearest-neighbor classifier with and without leaked rows.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Leakage {
    /// Rows of other parts than `train` whose class is known.
    pub rows: usize,
    /// Share of them whose class their neighbors of the training part find (cosine, weighted votes, [`Knn::default`]).
    pub accuracy: f64,
    /// The same without those that leaked.
    pub accuracy_without: f64,
}

/// Let the training rows of `table` vote on all others, of which some `leaked`, in order.
///
/// `None` where no class or no part is known, or the table has more than 64 million numbers.
///
/// # Errors
/// Where the table cannot be read again.
pub fn leakage(table: &EmbeddingTable, leaked: &[usize]) -> Result<Option<Leakage>> {
    if table.rows() * table.dim() > MOST {
        return Ok(None);
    }
    let mut labels = BTreeMap::<&str, u32>::new();
    for class in (0..table.rows()).filter_map(|row| table.class(row)) {
        let next = labels.len() as u32;
        labels.entry(class).or_insert(next);
    }
    let known = |row: &usize| table.class(*row).is_some() && table.part(*row).is_some();
    let (train, others): (Vec<usize>, Vec<usize>) = (0..table.rows())
        .filter(known)
        .partition(|row| table.is_trained_on(*row));
    if train.is_empty() || others.is_empty() {
        return Ok(None);
    }
    let values = table.read(0..table.rows())?;
    let take = |rows: &[usize]| Features {
        dim: table.dim(),
        values: rows
            .iter()
            .flat_map(|row| &values[row * table.dim()..][..table.dim()])
            .copied()
            .collect(),
        labels: rows
            .iter()
            .map(|row| table.class(*row).map(|class| labels[class]))
            .collect(),
        ..Features::default()
    };
    let (bank, asked) = (take(&train), take(&others));
    let found = Knn::default().predict(&bank, &asked)?.predictions;
    let right = asked.known_labels()?;
    let kept = |of: &[u32]| -> Vec<u32> {
        let rows = others.iter().zip(of);
        rows.filter(|(row, _)| leaked.binary_search(row).is_err())
            .map(|(_, of)| *of)
            .collect()
    };
    Ok(Some(Leakage {
        rows: others.len(),
        accuracy: accuracy(&found, &right),
        accuracy_without: accuracy(&kept(&found), &kept(&right)),
    }))
}
