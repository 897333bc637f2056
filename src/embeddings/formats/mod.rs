//! Files that tables of embeddings are read from: one format a file, one line in [`FORMATS`]; and folders of parts.

mod beside;
mod folder;
mod npy;
mod parquet;
mod safetensors;

use std::path::Path;

use super::filling::Filling;
use crate::error::{Error, Result};

type Reader = fn(&Path, Option<&str>, &mut Filling) -> Result<()>;

const FORMATS: [(&str, Reader); 3] = [
    ("parquet", parquet::read),
    ("npy", npy::read),
    ("safetensors", safetensors::read),
];

/// Fill a table from the file, whose ending says its format, or from the parts in a folder.
pub(super) fn read(path: &Path, column: Option<&str>, into: &mut Filling) -> Result<()> {
    if path.is_dir() {
        return folder::read(path, column, into);
    }
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let found = FORMATS.iter().find(|(name, _)| ending == *name);
    let Some((_, reader)) = found else {
        return Err(into.broken(
            "is no table of embeddings: .parquet, .npy and .safetensors are read, and folders of parts; `ravine embed RUN \
             --out table.parquet` writes one",
        ));
    };
    if !path.exists() {
        return Err(Error::data(path, "is not there"));
    }
    reader(path, column, into)
}
