//! What a format of embeddings is.

use std::path::Path;

use crate::error::Result;
use crate::eval::Features;

/// A file of embeddings under construction.
pub trait EmbeddingWriter: Send {
    /// Add rows after those already there.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] on rows of another width, without ids, or not finite;
    /// [`crate::error::Error::Data`] when the disk refuses.
    fn append(&mut self, rows: &Features) -> Result<()>;

    /// What a person should know of the file about to be finished: a sentence, or nothing.
    fn note(&self) -> Option<String> {
        None
    }

    /// Sync the file and put it under its final name.
    ///
    /// # Errors
    /// [`crate::error::Error::Data`] when the disk refuses.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// One kind of file: each file of this folder declares its own.
pub(super) struct Format {
    /// What names it at the end of a path.
    pub(super) extension: &'static str,
    /// What it holds and what to choose it for.
    pub(super) about: &'static str,
    /// Start a file of embeddings of so many numbers.
    pub(super) create: Create,
}

pub(super) type Create = fn(&Path, usize, Names) -> Result<Box<dyn EmbeddingWriter>>;

/// Name of the part that row `i` is of; `None` where unknown.
pub(super) fn part_of(rows: &Features, i: usize) -> Option<&'static str> {
    rows.parts.get(i).map(|part| part.name())
}

/// What the labels and the further columns are called.
#[derive(Clone)]
pub(super) struct Names {
    /// Class names, by label.
    pub(super) classes: Vec<String>,
    /// Names of further columns, none of which is one of the file's own.
    pub(super) columns: Vec<String>,
}

impl Names {
    /// Cell `column` of the further columns of row `i`; `None` where it is empty.
    pub(super) fn cell(rows: &Features, i: usize, column: usize) -> Option<&str> {
        rows.cells.get(i)?.get(column)?.as_deref()
    }

    /// Label and class name of row `i`; `None` where unknown.
    pub(super) fn of<'a>(&'a self, rows: &Features, i: usize) -> (Option<u32>, Option<&'a str>) {
        let label = rows.label(i);
        let name = label.and_then(|l| self.classes.get(l as usize));
        (label, name.map(String::as_str))
    }
}
