//! Parquet files in the Hugging Face image layout: a column `struct<bytes, path>` and a label column.

mod columns;
mod files;
mod row_cache;
mod set;
mod shard;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::reader::{Parts, Reader, Request, has_extension};
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::error::Result;

pub use set::Parquet;

/// Parquet files in the Hugging Face image layout.
#[derive(JsonSchema)]
pub(super) struct ParquetReader;

impl Reader for ParquetReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        if source.is_dir() {
            return Ok(!files::files(source)?.is_empty());
        }
        Ok(has_extension(source, "parquet"))
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let open = |(part, files): (Part, Vec<PathBuf>)| -> Result<(Part, Arc<dyn Dataset>)> {
            let mut set = Parquet::open(&files, request.channels, request.cache)?;
            set.name_below(&files, request.path); // one root for all parts
            Ok((part, Arc::new(set)))
        };
        files::parts(request.path)?.into_iter().map(open).collect()
    }
}
