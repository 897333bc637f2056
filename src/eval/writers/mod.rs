//! Files that embeddings are written to, one format a file, chosen by the extension.
//!
//! | extension | holds | choose it for |
//! |---|---|---|
//! | `.parquet` | id, label, class, embedding | tables in pandas, DuckDB, Spark, Hugging Face |
//! | `.npy` | the matrix; ids and labels in `<stem>.labels.csv` beside it | NumPy |
//! | `.safetensors` | `embeddings`, `labels`; ids and classes as JSON in the metadata | PyTorch, candle |
//! | `.csv` | id, label, class, e0, e1, … | spreadsheets |
//! | `.jsonl` | one object a row | scripts |
//!
//! Nothing stands under the final name before [`EmbeddingWriter::finish`]; a dropped writer leaves nothing.

mod csv;
mod jsonl;
mod npy;
mod parquet;
mod safetensors;

use std::path::Path;

use super::Features;
use crate::error::{Error, Result, hint};

/// A file of embeddings under construction.
pub trait EmbeddingWriter: Send {
    /// Add rows after those already there.
    ///
    /// # Errors
    /// [`Error::Failed`] on rows of another width, without ids, or not finite; [`Error::Data`] when the disk refuses.
    fn append(&mut self, rows: &Features) -> Result<()>;

    /// Sync the file and put it under its final name.
    ///
    /// # Errors
    /// [`Error::Data`] when the disk refuses.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The extensions that [`open`] knows.
pub const EXTENSIONS: [&str; 5] = ["parquet", "npy", "safetensors", "csv", "jsonl"];

/// Start writing embeddings of `dim` numbers to `path`, in the format its extension names.
///
/// `classes` are the names of the labels (empty where there are none). Memory stays flat in the number of rows,
/// but for the ids and labels of safetensors.
///
/// # Errors
/// [`Error::Usage`] on an unknown extension, [`Error::Data`] when the file cannot be created.
pub fn open(path: &Path, dim: usize, classes: &[String]) -> Result<Box<dyn EmbeddingWriter>> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let classes = Classes(classes.to_vec());
    let inner: Box<dyn EmbeddingWriter> = match extension.to_ascii_lowercase().as_str() {
        "parquet" => Box::new(parquet::Parquet::create(path, dim, classes)?),
        "npy" => Box::new(npy::Npy::create(path, dim, classes)?),
        "safetensors" => Box::new(safetensors::Safetensors::create(path, dim, classes)?),
        "csv" => Box::new(csv::Csv::create(path, dim, classes)?),
        "jsonl" => Box::new(jsonl::Jsonl::create(path, classes)?),
        _ => {
            return Err(Error::Usage(format!(
                "{}: the extension says how embeddings are written, and `{extension}` is unknown; {}",
                path.display(),
                hint(extension, EXTENSIONS)
            )));
        }
    };
    Ok(Box::new(Checked { inner, dim }))
}

/// What every format asks of its rows.
struct Checked {
    inner: Box<dyn EmbeddingWriter>,
    dim: usize,
}

impl EmbeddingWriter for Checked {
    fn append(&mut self, rows: &Features) -> Result<()> {
        rows.check()?;
        if rows.dim != self.dim || rows.ids.len() != rows.rows() {
            return Err(Error::Failed(format!(
                "{} rows of {} numbers with {} ids cannot be added to a file of embeddings of {}",
                rows.rows(),
                rows.dim,
                rows.ids.len(),
                self.dim
            )));
        }
        self.inner.append(rows)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.inner.finish()
    }
}

/// Class names, by label.
struct Classes(Vec<String>);

impl Classes {
    /// Label and class name of row `i`; `None` where unknown.
    fn of(&self, rows: &Features, i: usize) -> (Option<u32>, Option<&str>) {
        let label = rows.labels.as_ref().map(|labels| labels[i]);
        let name = label.and_then(|l| self.0.get(l as usize));
        (label, name.map(String::as_str))
    }
}
