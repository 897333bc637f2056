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
//! What the embeddings are ([`EmbeddingForm::about`]) stands in the metadata of Parquet and safetensors under `ravine`, as JSON, and
//! in `<stem>.embedding.json` beside the others.
//!
//! Very many rows lie in a folder of Parquet files, `part-00000.parquet` and so on, with `_embedding.json` beside them, which
//! says what they are of, and `_SUCCESS` once all are there.
//!
//! Nothing stands under the final name before [`EmbeddingWriter::finish`]; a dropped writer leaves nothing.

mod csv;
mod folder;
mod format;
mod jsonl;
mod npy;
mod parquet;
mod safetensors;

use std::io::Write;
use std::path::Path;

pub use self::folder::{MOST_PARTS, SAID_OF_PARTS, SUCCESS, part_file, part_rows};
pub use self::format::{EmbeddingForm, EmbeddingWriter, WrittenPrecision};
use self::format::{Format, Half, Names};
use super::Features;
use crate::atomic::{AtomicFile, unwritable};
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
    open_form(path, &EmbeddingForm::of(dim), classes, columns)
}

/// As [`open`], of embeddings of the form `form`.
///
/// # Errors
/// As [`open`]; [`Error::Usage`] on numbers of 16 bits in a file of decimals.
pub fn open_form(
    path: &Path,
    form: &EmbeddingForm,
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
    if format.text && form.precision == WrittenPrecision::F16 {
        return Err(Error::Usage(format!(
            "{}: numbers of 16 bits are for .parquet, .npy and .safetensors; .{lower} is made of decimals",
            path.display()
        )));
    }
    let inner = (format.create)(path, form, names)?;
    let beside = match form.about.as_ref().filter(|_| !format.says) {
        Some(about) => {
            let mut file = AtomicFile::create(path.with_extension("embedding.json"))?;
            let written = writeln!(file, "{about:#}");
            written.map_err(|e| unwritable(path, &e))?;
            Some(file)
        }
        None => None,
    };
    Ok(Box::new(Checked {
        inner,
        beside,
        dim: form.numbers(),
        precision: form.precision,
    }))
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
    /// What is said of the embeddings, where the file itself has no place for it.
    beside: Option<AtomicFile>,
    dim: usize,
    precision: WrittenPrecision,
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
        let half = self.precision == WrittenPrecision::F16;
        let large = |value: &&f32| !Half::from_f32(**value).is_finite();
        if let Some(value) = rows.values.iter().find(large).filter(|_| half) {
            return Err(Error::Usage(format!(
                "{value} is beyond the numbers of 16 bits, which end at 65504; write 32 bits, or normalized embeddings"
            )));
        }
        self.inner.append(rows)
    }

    fn note(&self) -> Option<String> {
        self.inner.note()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        if let Some(file) = self.beside {
            file.commit()?; // first: a file that is there has what is said of it
        }
        self.inner.finish()
    }
}
