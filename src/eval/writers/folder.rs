//! Names and rows of the parts of a table that lies in a folder: what writes and what reads one agree on them.

use std::fs::File;
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::data::guarded;
use crate::error::Error;

/// The file that says that all parts are there.
pub const SUCCESS: &str = "_SUCCESS";

/// The file that says what the parts are of, as JSON.
pub const SAID_OF_PARTS: &str = "_embedding.json";

/// Parts whose names are in the order of their numbers.
pub const MOST_PARTS: usize = 100_000;

/// The file of part `number` of the table in `folder`.
#[must_use]
pub fn part_file(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("part-{number:05}.parquet"))
}

/// Rows of a part; `None` where there is no whole one.
#[must_use]
pub fn part_rows(path: &Path) -> Option<usize> {
    let rows = guarded(path, || {
        let file = File::open(path).map_err(|e| Error::data(path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file);
        let builder = builder.map_err(|e| Error::data(path, e))?;
        Ok(builder.metadata().file_metadata().num_rows())
    });
    usize::try_from(rows.ok()?).ok()
}
