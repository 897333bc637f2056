//! Rows whose neighbors are of another class: labels to look at again.

use std::collections::BTreeMap;

use super::neighbors::neighbors;
use super::table::EmbeddingTable;
use crate::error::Result;

/// A row that its neighbors disagree with.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// The row.
    pub row: usize,
    /// The class of most of its neighbors.
    pub neighbors_say: String,
    /// Share of its neighbors that are of this class.
    pub share: f64,
}

/// The rows of which at least `share` of the `k` nearest are of one class that is not their own, the surest first.
///
/// # Errors
/// Those of [`neighbors`].
pub fn label_errors(
    table: &EmbeddingTable,
    k: usize,
    share: f64,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<Disagreement>> {
    let mut found = Vec::new();
    neighbors(table, None, k, |row, near| {
        let mut votes = BTreeMap::<&str, usize>::new();
        for class in near.iter().filter_map(|near| table.class(near.row)) {
            *votes.entry(class).or_default() += 1;
        }
        let most = votes
            .into_iter()
            .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
        if let (Some((class, count)), Some(own)) = (most, table.class(row)) {
            let votes = count as f64 / k as f64;
            if class != own && votes >= share {
                found.push(Disagreement {
                    row,
                    neighbors_say: class.into(),
                    share: votes,
                });
            }
        }
        progress(row)
    })?;
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.row.cmp(&b.row)));
    Ok(found)
}
