//! Files that embeddings are written to, one format a file, chosen by the extension.
//!
//! | extension | holds | choose it for |
//! |---|---|---|
//! | `.parquet` | id, part, label, class, embedding, further columns | tables in pandas, DuckDB, Spark, Hugging Face |
//! | `.npy` | the matrix; ids, parts, labels and further columns in `<stem>.labels.csv` beside it | NumPy |
//! | `.safetensors` | `embeddings`, `labels`; ids, parts and classes as JSON in the metadata; very many ids in `<stem>.labels.csv` beside it | PyTorch, candle |
//! | `.csv` | id, part, label, class, e0, e1, …, further columns | spreadsheets |
//! | `.jsonl` | one object a row, further columns under `metadata` | scripts |
//!
//! Nothing stands under the final name before [`EmbeddingWriter::finish`]; a dropped writer leaves nothing.

mod csv;
mod format;
mod jsonl;
mod npy;
mod parquet;
mod safetensors;

use std::path::Path;

pub use self::format::EmbeddingWriter;
use self::format::{Format, Names};
use super::Features;
use crate::error::{Error, Result, hint};
use crate::registry::Entry;

/// The one list of formats.
const FORMATS: &[Format] = &[
    parquet::FORMAT,
    npy::FORMAT,
    safetensors::FORMAT,
    csv::FORMAT,
    jsonl::FORMAT,
];

/// The extensions that [`open`] knows.
pub const EXTENSIONS: [&str; FORMATS.len()] = {
    let mut names = [""; FORMATS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = FORMATS[i].extension;
        i += 1;
    }
    names
};

/// Extension and content of every format, for `ravine list`.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let entry = |format: &Format| Entry {
        name: format.extension,
        about: format.about.into(),
        defaults: String::new(),
    };
    FORMATS.iter().map(entry).collect()
}

/// Start writing embeddings of `dim` numbers to `path`, in the format its extension names.
///
/// `classes` are the names of the labels (empty where there are none), `columns` those of the cells of
/// [`Features::cells`]; one that is called as a column of the file itself gets a line behind it: `label_`. Memory stays flat in the number of rows,
/// but for the ids and labels of safetensors.
///
/// # Errors
/// [`Error::Usage`] on an unknown extension, [`Error::Data`] when the file cannot be created.
pub fn open(
    path: &Path,
    dim: usize,
    classes: &[String],
    columns: &[String],
) -> Result<Box<dyn EmbeddingWriter>> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let lower = extension.to_ascii_lowercase();
    let Some(format) = FORMATS.iter().find(|f| f.extension == lower) else {
        return Err(Error::Usage(format!(
            "{}: the extension says how embeddings are written, and `{extension}` is unknown; {}",
            path.display(),
            hint(extension, EXTENSIONS)
        )));
    };
    let names = Names {
        classes: classes.to_vec(),
        columns: further(columns),
    };
    let inner = (format.create)(path, dim, names)?;
    Ok(Box::new(Checked { inner, dim }))
}

/// `columns` under names that no column of a file has already.
fn further(columns: &[String]) -> Vec<String> {
    let number = |name: &str| name.strip_prefix('e')?.parse::<usize>().ok();
    let own = ["id", "part", "label", "class", "embedding"];
    let mut names: Vec<String> = Vec::new();
    for column in columns {
        let mut name = column.clone();
        while own.contains(&name.as_str()) || number(&name).is_some() || names.contains(&name) {
            name.push('_');
        }
        names.push(name);
    }
    names
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

    fn note(&self) -> Option<String> {
        self.inner.note()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.inner.finish()
    }
}
