//! A table while it is read.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::numbers::Numbers;
use super::words::Words;
use crate::error::{Error, Result};

/// Rows that a format's reader hands on at a time.
pub(super) const ROWS: usize = 4096;

/// What a format's reader fills, rows in their order.
pub(super) struct Filling {
    pub(super) path: PathBuf,
    pub(super) numbers: Option<Numbers>,
    pub(super) ids: Vec<String>,
    pub(super) parts: Words,
    pub(super) classes: Words,
    pub(super) notes: Vec<String>,
    /// What is said of the embeddings.
    pub(super) about: Value,
}

impl Filling {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            numbers: None,
            ids: Vec::new(),
            parts: Words::default(),
            classes: Words::default(),
            notes: Vec::new(),
            about: Value::Null,
        }
    }

    /// Take what `ravine embed` says of a table, as JSON.
    pub(super) fn about(&mut self, words: &str) {
        self.about = serde_json::from_str(words).unwrap_or_default();
    }

    /// Rows read so far.
    pub(super) fn rows(&self) -> usize {
        self.numbers.as_ref().map_or(0, Numbers::rows)
    }

    /// Add whole rows of `dim` numbers.
    pub(super) fn append(&mut self, values: &[f32], dim: usize) -> Result<()> {
        let row = self.rows();
        if dim == 0 {
            return Err(self.broken("its embeddings have no numbers"));
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(self.broken(format!(
                "row {} holds {} among the numbers of its embedding; remove the row, or embed again",
                row + at / dim,
                values[at]
            )));
        }
        let numbers = self.numbers.get_or_insert_with(|| Numbers::new(dim));
        if numbers.dim() != dim {
            let first = numbers.dim();
            return Err(self.broken(format!(
                "row {row} has an embedding of {dim} numbers where those before it have {first}; all must have as many"
            )));
        }
        numbers.append(values, &self.path)
    }

    /// What is wrong with the table, for the user to mend.
    pub(super) fn broken(&self, problem: impl std::fmt::Display) -> Error {
        Error::Usage(format!("{}: {problem}", self.path.display()))
    }
}
