//! From a file to rows.

use std::path::Path;

use super::choose::{Layout, Places, left_out};
use super::rows::TableRows;
use crate::data::table_formats::{Columns, open, unusable};
use crate::error::Result;

/// Read the columns of `layout` from a .csv, .tsv, .parquet or .npy file, unsplit and unscaled.
///
/// Choose it for rows that a trained model is asked about; y may then be absent. For training, use [`super::open`].
///
/// # Errors
/// A file that is missing or truncated (exit code 1); a missing column, a cell that is no finite number, a table
/// without rows, or a column that is a class in every row (exit code 2), each with path, row and column.
pub fn read(path: &Path, layout: &Layout) -> Result<TableRows> {
    let file = open(path)?;
    let places = layout.places(file.names(), path)?;
    if places.x.is_empty() && places.y.is_empty() {
        return Err(unusable(
            path,
            "there is no column of numbers to learn from or to predict; name some in `data.x` or `data.y`",
        ));
    }
    let mut rows = numbers(file.as_ref(), &places)?;
    let notes = places.indices.iter();
    rows.notes = notes.map(|&i| left_out(&file.names()[i], path)).collect();
    if let Some(place) = places.label {
        let words = file.words(place)?;
        rows.use_classes(&words).map_err(|problem| {
            unusable(path, format!("column `{}` {problem}", file.names()[place]))
        })?;
    }
    if rows.is_empty() {
        return Err(unusable(
            path,
            "holds no row of data; add some below the names",
        ));
    }
    Ok(rows)
}

/// One pass over the file for x and y.
fn numbers(file: &dyn Columns, places: &Places) -> Result<TableRows> {
    let wanted: Vec<usize> = places.x.iter().chain(&places.y).copied().collect();
    let name = |&place: &usize| file.names()[place].clone();
    let mut rows = TableRows {
        x_names: places.x.iter().map(name).collect(),
        y_names: places.y.iter().map(name).collect(),
        ..TableRows::default()
    };
    for row in file.numbers(&wanted)?.chunks_exact(wanted.len()) {
        let (x, y) = row.split_at(places.x.len());
        rows.x.extend(x);
        rows.y.extend(y);
    }
    Ok(rows.with_constant())
}
