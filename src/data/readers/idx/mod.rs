//! IDX files: MNIST, Fashion-MNIST, KMNIST, EMNIST, plain or gzipped.

mod files;
mod set;
mod unpack;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::reader::{Parts, Reader, Request};
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::error::Result;
use files::{image_files, parts};

pub(super) use files::is_idx;
pub use set::Idx;

/// IDX files (MNIST and its family), plain or gzipped.
#[derive(JsonSchema)]
pub(super) struct IdxReader;

impl Reader for IdxReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        if source.is_dir() {
            return Ok(!image_files(source)?.is_empty());
        }
        Ok(is_idx(source))
    }

    fn stored_channels(&self) -> usize {
        1
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let open = |(part, file): (Part, PathBuf)| -> Result<(Part, Arc<dyn Dataset>)> {
            Ok((part, Arc::new(Idx::open(&file, request.channels)?)))
        };
        parts(request.path)?.into_iter().map(open).collect()
    }
}
