//! Pictures in files of their own beside Parquet files.

use std::path::{Path, PathBuf};

use super::shard::rows_of_images;
use crate::data::readers::folder;
use crate::error::Result;

/// Pictures below a folder, and rows of its Parquet files that hold pictures themselves.
pub(super) struct Beside {
    pub(super) pictures: usize,
    pub(super) rows: usize,
}

/// What stands beside the Parquet `files` of `root`; `None` where nothing does, or where the files name the pictures.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn beside(root: &Path, files: &[PathBuf]) -> Result<Option<Beside>> {
    if !root.is_dir() {
        return Ok(None);
    }
    let pictures = folder::pictures(root)?;
    if pictures == 0 {
        return Ok(None);
    }
    let tables: Vec<_> = files
        .iter()
        .filter_map(|file| rows_of_images(file))
        .collect();
    let names_them = tables.iter().any(|(_, inside)| !inside);
    Ok((!names_them).then(|| Beside {
        pictures,
        rows: tables.iter().map(|(rows, _)| rows).sum(),
    }))
}
