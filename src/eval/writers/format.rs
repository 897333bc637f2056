//! What a format of embeddings is.

use std::path::Path;

use std::io::Write;

use arrow_array::types::{ArrowPrimitiveType, Float16Type};
use serde_json::Value;

use crate::error::Result;
use crate::eval::Features;

/// A number of 16 bits.
pub(super) type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// Kinds of number that embeddings are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrittenPrecision {
    /// 32 bits, as they are.
    #[default]
    F32,
    /// 16 bits, half the bytes: three digits, of values up to 65504.
    F16,
}

impl WrittenPrecision {
    /// Both, in the order of their listing.
    pub const ALL: [Self; 2] = [Self::F32, Self::F16];

    /// As the command line names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    /// Bytes of a number.
    pub(super) fn width(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// Write numbers with their lowest byte first, a few thousand at a time.
    pub(super) fn write(self, out: &mut impl Write, values: &[f32]) -> std::io::Result<()> {
        for part in values.chunks(4096) {
            let bytes: Vec<u8> = match self {
                Self::F32 => part.iter().flat_map(|v| v.to_le_bytes()).collect(),
                Self::F16 => {
                    let halves = part.iter().map(|v| Half::from_f32(*v));
                    halves.flat_map(Half::to_le_bytes).collect()
                }
            };
            out.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// How embeddings lie in a file, and what the file says of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingForm {
    /// Shape of one embedding: (D,), or (tokens, width).
    pub shape: Vec<usize>,
    /// Kind of the written numbers.
    pub precision: WrittenPrecision,
    /// What they are, as an object: `ravine` in the metadata of Parquet and safetensors, `<stem>.embedding.json` beside others.
    pub about: Option<Value>,
}

impl EmbeddingForm {
    /// Vectors of `dim` numbers of 32 bits, of which nothing is said.
    #[must_use]
    pub fn of(dim: usize) -> Self {
        Self {
            shape: vec![dim],
            ..Self::default()
        }
    }

    /// Numbers in one embedding.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.shape.iter().product()
    }

    /// What is said of them as a text.
    pub(super) fn words(&self) -> Option<String> {
        self.about.as_ref().map(Value::to_string)
    }
}

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
    /// Whether its numbers are decimals.
    pub(super) text: bool,
    /// Whether there is a place for what is said of the embeddings.
    pub(super) says: bool,
    /// Start a file of embeddings of such a form.
    pub(super) create: Create,
}

pub(super) type Create = fn(&Path, &EmbeddingForm, Names) -> Result<Box<dyn EmbeddingWriter>>;

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
