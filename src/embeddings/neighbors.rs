//! The nearest rows, by cosine, exact and in blocks.

use std::borrow::Cow;

use super::numbers::blocks;
use super::table::EmbeddingTable;
use crate::error::{Error, Result};
use crate::eval::Bank;
pub use crate::eval::Neighbor;

/// Hand the `k` nearest other rows of every row of `of` (of all rows where it is `None`) to `each`, nearest first.
///
/// Every cosine is computed; of equally near rows the first comes first. Memory: a few blocks of 64 MB, and the lists of
/// one block.
///
/// # Errors
/// [`Error::Usage`] where `k` is 0 or the table has no `k` other rows; what `each` returns.
///
/// # Panics
/// A row of `of` is not below N.
pub fn neighbors(
    table: &EmbeddingTable,
    of: Option<&[usize]>,
    k: usize,
    mut each: impl FnMut(usize, &[Neighbor]) -> Result<()>,
) -> Result<()> {
    if k == 0 || k >= table.rows() {
        let rows = table.rows();
        return Err(table.error(format!(
            "{k} neighbors cannot be found among {rows} rows; ask for 1 to {}",
            rows.saturating_sub(1)
        )));
    }
    let count = of.map_or(table.rows(), <[usize]>::len);
    for asked in blocks(count, table.dim()) {
        let queries = match of {
            None => table.read(asked.clone())?,
            Some(of) => gather(table, &of[asked.clone()])?,
        };
        let found = nearest(table, &queries, k + 1)?;
        for (place, mut list) in asked.zip(found) {
            let row = of.map_or(place, |of| of[place]);
            list.retain(|near| near.row != row);
            list.truncate(k);
            each(row, &list)?;
        }
    }
    Ok(())
}

/// The `k` nearest rows of each of `queries` (Q, D), of all where there are fewer.
///
/// # Errors
/// [`Error::Usage`] on queries that are no rows of D numbers; where the table cannot be read again.
pub fn nearest(table: &EmbeddingTable, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>> {
    let dim = table.dim();
    if !queries.len().is_multiple_of(dim) {
        return Err(Error::Usage(format!(
            "{} numbers are no rows of {dim}",
            queries.len()
        )));
    }
    let mut best: Vec<Vec<Neighbor>> = vec![Vec::new(); queries.len() / dim];
    for block in blocks(table.rows(), dim) {
        let first = block.start;
        let rows = table.read(block)?;
        let found = Bank::new(&rows, dim).nearest(queries, k, <[Neighbor]>::to_vec);
        for (best, found) in best.iter_mut().zip(found) {
            best.extend(found.into_iter().map(|near| Neighbor {
                row: first + near.row,
                ..near
            }));
            best.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.row.cmp(&b.row)));
            best.truncate(k);
        }
    }
    Ok(best)
}

/// The embeddings of some rows.
fn gather<'a>(table: &EmbeddingTable, rows: &[usize]) -> Result<Cow<'a, [f32]>> {
    let mut values = Vec::with_capacity(rows.len() * table.dim());
    for &row in rows {
        values.extend_from_slice(&table.read(row..row + 1)?);
    }
    Ok(Cow::Owned(values))
}
