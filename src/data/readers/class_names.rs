//! Names of classes in a text file beside the images.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// The `count` names that stand in the file at `path`, one a line; `None` where there is no such file.
///
/// # Errors
/// A file that cannot be read, or of another number of names.
pub(super) fn listed(path: &Path, count: usize) -> Result<Option<Vec<String>>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(|e| Error::data(path, e))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let names: Vec<String> = lines.map(String::from).collect();
    if names.len() != count {
        return Err(Error::data(
            path,
            format!(
                "{} class names where {count} belong; remove the file to use the standard ones",
                names.len()
            ),
        ));
    }
    Ok(Some(names))
}
