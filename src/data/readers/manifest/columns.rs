//! Which column names the pictures.

use std::path::Path;

use crate::data::readers::folder::files::{has_picture_name, is_image};
use crate::data::readers::sheet::{Sheet, called_paths, is_sheet, read};
use crate::error::{Error, Result};

/// Rows that are looked at to know a column of paths.
const LOOKED_AT: usize = 32;

/// The columns of the list of pictures at `path`; `None` where it is none.
///
/// It is one where a column names pictures that are there, or is called as such and holds names of pictures.
pub(in crate::data::readers) fn columns(path: &Path) -> Option<Vec<String>> {
    if !path.is_file() || !is_sheet(path) {
        return None;
    }
    let rows = read(path, LOOKED_AT).ok()?;
    find(&rows, path)?;
    Some(rows.names().to_vec())
}

/// The column of paths of the whole list `rows` at `path`.
///
/// # Errors
/// There is none, or the list has no line of names.
pub(super) fn paths(rows: &Sheet, path: &Path) -> Result<usize> {
    let found = find(rows, path).or_else(|| called_paths(rows).first().copied());
    let column = found.ok_or_else(|| {
        Error::data(
            path,
            format!(
                "no column names pictures, of {}; call the one that does `file_name`",
                rows.columns_in_words()
            ),
        )
    })?;
    let name = &rows.names()[column];
    if has_picture_name(name) && folder_of(path).join(name).is_file() {
        let problem = format!(
            "the first line names the picture {name}, not the columns; put a line `file_name,label` or the like above it"
        );
        return Err(Error::data(path, problem));
    }
    Ok(column)
}

/// A column of which a row names a picture that is there, those called so first; else one that is called so and holds
/// names of pictures.
fn find(rows: &Sheet, path: &Path) -> Option<usize> {
    let called = called_paths(rows);
    let others = (0..rows.names().len()).filter(|column| !called.contains(column));
    let any = |column: usize, fits: &dyn Fn(&str) -> bool| {
        let mut cells = rows.cells(column).take(LOOKED_AT).flatten();
        cells.any(fits)
    };
    let folder = folder_of(path);
    let is_there = |cell: &str| cell.parse::<f64>().is_err() && is_image(&folder.join(cell));
    let mut there = called.iter().copied().chain(others);
    let found = there.find(|&column| any(column, &is_there));
    let mut named = called.into_iter();
    found.or_else(|| named.find(|&column| any(column, &has_picture_name)))
}

/// Where paths of the list at `path` start.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
