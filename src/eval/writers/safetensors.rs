//! safetensors: `embeddings` (N, D) or (N, tokens, width), `labels` (N,) i64 (−1 where unknown; absent in unlabelled data);
//! the metadata holds `ids`, `parts` (where known) and `classes` as JSON lists. Ids that would make the header too long for
//! other readers go to `<stem>.labels.csv` beside it, whose name then stands in the metadata as `ids_file`. Further columns
//! are not written, and a note says so.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::csv::Table;
use super::format::{EmbeddingForm, EmbeddingWriter, Format, Names, WrittenPrecision, part_of};
use crate::atomic::{AtomicFile, folder_of, unwritable};
use crate::error::{Error, Result};
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "safetensors",
    about: "embeddings and labels, with ids, parts and classes as JSON in the metadata; for PyTorch, candle",
    text: false,
    says: true,
    create: |path, form, names| Ok(Box::new(Safetensors::create(path, form, names)?)),
};

/// Readers of the format refuse a longer header: the strictest known one above 25 MB.
const LONGEST_HEADER: usize = 20_000_000;

/// The header, which comes first, needs all ids and the number of rows: the matrix waits in an unnamed file.
struct Safetensors {
    file: AtomicFile,
    matrix: BufWriter<File>,
    form: EmbeddingForm,
    rows: Features,    // ids, parts and labels, without the numbers
    ids_length: usize, // of all ids in the header
    names: Names,
    left: Vec<String>, // further columns, which are not written
}

impl Safetensors {
    fn create(path: &Path, form: &EmbeddingForm, mut names: Names) -> Result<Self> {
        let left = std::mem::take(&mut names.columns);
        let file = AtomicFile::create(path)?;
        let matrix = tempfile::tempfile_in(folder_of(path)).map_err(|e| unwritable(path, &e))?;
        Ok(Self {
            file,
            matrix: BufWriter::new(matrix),
            form: form.clone(),
            rows: Features::default(),
            ids_length: 0,
            left,
            names,
        })
    }

    /// Where the ids go when the header cannot hold them.
    fn beside(&self) -> Option<PathBuf> {
        let path = self.file.path().with_extension("labels.csv");
        (self.ids_length > LONGEST_HEADER).then_some(path)
    }

    /// Labels lie before the matrix, so that their 8 bytes are aligned.
    fn header(&self, labelled: bool) -> Result<Vec<u8>> {
        let rows = self.rows.ids.len();
        let text = |names: &[String]| json!(names).to_string();
        let labels_end = if labelled { 8 * rows } else { 0 };
        let form = &self.form;
        let shape: Vec<usize> = [&[rows], form.shape.as_slice()].concat();
        let kind = match form.precision {
            WrittenPrecision::F32 => "F32",
            WrittenPrecision::F16 => "F16",
        };
        let end = labels_end + form.precision.width() * rows * form.numbers();
        let mut header = json!({
            "__metadata__": { "classes": text(&self.names.classes) },
            "embeddings": { "dtype": kind, "shape": shape, "data_offsets": [labels_end, end] },
        });
        if let Some(about) = form.words() {
            header["__metadata__"]["ravine"] = about.into();
        }
        let (key, ids) = match self.beside() {
            Some(path) => ("ids_file", file_name(&path)),
            None => ("ids", text(&self.rows.ids)),
        };
        header["__metadata__"][key] = ids.into();
        if self.beside().is_none() && !self.rows.parts.is_empty() {
            let parts = (0..rows).map(|i| part_of(&self.rows, i));
            let parts: Vec<Option<&str>> = parts.collect();
            header["__metadata__"]["parts"] = json!(parts).to_string().into();
        }
        if labelled {
            header["labels"] =
                json!({ "dtype": "I64", "shape": [rows], "data_offsets": [0, labels_end] });
        }
        let mut header = header.to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        if header.len() > LONGEST_HEADER {
            return Err(Error::data(
                self.file.path(),
                "too many names of classes for the header of a safetensors file; write .parquet or .npy instead",
            ));
        }
        Ok(header)
    }

    fn assemble(&mut self, header: &[u8], labelled: bool) -> io::Result<()> {
        self.file.write_all(&(header.len() as u64).to_le_bytes())?;
        self.file.write_all(header)?;
        if labelled {
            for label in &self.rows.labels {
                let label = label.map_or(-1, i64::from);
                self.file.write_all(&label.to_le_bytes())?;
            }
        }
        self.matrix.seek(SeekFrom::Start(0))?; // flushes
        io::copy(self.matrix.get_mut(), &mut self.file)?;
        Ok(())
    }
}

impl EmbeddingWriter for Safetensors {
    fn append(&mut self, rows: &Features) -> Result<()> {
        let precision = self.form.precision;
        precision
            .write(&mut self.matrix, &rows.values)
            .map_err(|e| unwritable(self.file.path(), &e))?;
        self.rows.ids.extend_from_slice(&rows.ids);
        let labels = (0..rows.rows()).map(|i| rows.label(i));
        self.rows.labels.extend(labels);
        self.rows.parts.extend_from_slice(&rows.parts);
        self.ids_length += rows.ids.iter().map(|id| in_header(id)).sum::<usize>();
        Ok(())
    }

    fn note(&self) -> Option<String> {
        let beside = self.beside().map(|beside| {
            format!(
                "the ids are too many for the header of a safetensors file and go, row by row, to {}",
                beside.display()
            )
        });
        let left = (!self.left.is_empty()).then(|| {
            format!(
                "a safetensors file has no place for the columns {}; .parquet, .csv, .jsonl and .npy have one",
                self.left.join(", ")
            )
        });
        let notes: Vec<String> = beside.into_iter().chain(left).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let labelled = self.rows.labels.iter().any(Option::is_some);
        let header = self.header(labelled)?;
        self.assemble(&header, labelled)
            .map_err(|e| unwritable(self.file.path(), &e))?;
        if let Some(path) = self.beside() {
            let mut table = Table::create(&path, Vec::new(), self.names.clone())?;
            for i in 0..self.rows.ids.len() {
                table.row(&self.rows, i, &[])?;
            }
            table.finish()?; // first: a matrix that is there has its ids
        }
        self.file.commit()
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Bytes that `id` takes in the header: JSON inside of JSON, whose quotes and backslashes are escaped once more.
fn in_header(id: &str) -> usize {
    let escaped = json!(id).to_string();
    let twice = escaped.bytes().filter(|byte| matches!(byte, b'"' | b'\\'));
    escaped.len() + twice.count() + 1
}
