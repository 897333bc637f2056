//! Files of HDF5 as boxes of arrays, where the program is built with the feature `hdf5`.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::folder;
use super::super::reader::has_extension;
use crate::error::Result;

#[cfg(feature = "hdf5")]
pub(super) use super::sets::{add, rows};

/// Whether the file at `path` is called as those of HDF5 are.
pub(super) fn is_file(path: &Path) -> bool {
    let named = ["h5", "hdf5"].iter().any(|name| has_extension(path, name));
    named && path.is_file()
}

/// Whether a folder holds such files and no pictures of its own.
pub(super) fn is_folder(folder: &Path) -> Result<bool> {
    Ok(!files(folder).is_empty() && folder::pictures(folder)? == 0)
}

/// The files of HDF5 at `path`: itself, or those in a folder, by name.
pub(super) fn files(path: &Path) -> Vec<PathBuf> {
    if is_file(path) {
        return vec![path.to_path_buf()];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| is_file(path)).collect();
    files.sort();
    files
}

#[cfg(not(feature = "hdf5"))]
pub(super) fn add(path: &Path, _: bool, _: u64, _: &mut super::array::Arrays) -> Result<()> {
    Err(without(path))
}

#[cfg(not(feature = "hdf5"))]
pub(super) fn rows(array: &super::array::Array, _: &str) -> Result<super::rows::Rows> {
    Err(without(&array.file))
}

#[cfg(not(feature = "hdf5"))]
fn without(path: &Path) -> crate::error::Error {
    crate::error::Error::data(
        path,
        "HDF5 files are not read, because ravine was built without the feature `hdf5`: build it again with --features hdf5",
    )
}
