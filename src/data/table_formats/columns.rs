//! What the formats of tables have in common.

use std::fmt::Display;
use std::path::Path;

use crate::error::{Error, Result};

/// More numbers than this are no table to hold in memory (2 GiB of 64-bit floats).
const MAX_NUMBERS: usize = 1 << 28;

/// The columns of a file, before any is chosen.
pub(in crate::data) trait Columns {
    /// Their names, in the order of the file.
    fn names(&self) -> &[String];

    /// The columns at these places as numbers, row by row.
    fn numbers(&self, columns: &[usize]) -> Result<Vec<f64>>;

    /// One column as text: classes.
    fn words(&self, column: usize) -> Result<Vec<String>>;
}

/// Whether pandas calls the index of a table so: it counts the rows and says nothing of them.
pub(in crate::data) fn is_index(place: usize, name: &str) -> bool {
    let level = name.strip_prefix("__index_level_");
    level.is_some_and(|level| level.ends_with("__"))
        || name == "Unnamed: 0"
        || name.starts_with("Unnamed: 0.")
        || (place == 0 && name.is_empty())
}

/// A file that reads well but whose content cannot be used: the user's to mend (exit code 2).
pub(in crate::data) fn unusable(path: &Path, problem: impl Display) -> Error {
    Error::Usage(format!("{}: {problem}", path.display()))
}

/// Refuse what a network could not take, naming the cell.
pub(in crate::data) fn finite(value: f64, path: &Path, place: impl Fn() -> String) -> Result<f64> {
    if value.abs() <= f64::from(f32::MAX) {
        return Ok(value);
    }
    let what = if value.is_finite() {
        format!("{value} is too large for a 32-bit float")
    } else {
        format!("{value} is not a finite number")
    };
    Err(unusable(
        path,
        format!("{}: {what}; mend or remove this row", place()),
    ))
}

/// Refuse tables that would not fit in memory.
pub(in crate::data) fn bounded(path: &Path, rows: usize, columns: usize) -> Result<()> {
    if rows.saturating_mul(columns.max(1)) <= MAX_NUMBERS {
        return Ok(());
    }
    Err(unusable(
        path,
        format!(
            "{rows} rows of {columns} columns do not fit in memory; choose fewer columns with `data.x`, or fewer rows"
        ),
    ))
}
