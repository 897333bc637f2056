//! safetensors: `embeddings` (N, D) f32, `labels` (N,) i64 (−1 where unknown; absent in unlabelled data);
//! the metadata holds `ids` and `classes` as JSON lists.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::json;

use super::format::{Classes, EmbeddingWriter, Format};
use super::npy::write_f32;
use crate::atomic::{AtomicFile, folder_of, unwritable};
use crate::error::{Error, Result};
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "safetensors",
    about: "embeddings and labels, with ids and classes as JSON in the metadata; for PyTorch, candle",
    create: |path, dim, classes| Ok(Box::new(Safetensors::create(path, dim, classes)?)),
};

/// Readers of the format refuse a longer header.
const LONGEST_HEADER: usize = 100_000_000;

/// The header, which comes first, needs all ids and the number of rows: the matrix waits in an unnamed file.
struct Safetensors {
    file: AtomicFile,
    matrix: BufWriter<File>,
    dim: usize,
    ids: Vec<String>,
    labels: Vec<i64>,
    classes: Classes,
}

impl Safetensors {
    fn create(path: &Path, dim: usize, classes: Classes) -> Result<Self> {
        let file = AtomicFile::create(path)?;
        let matrix = tempfile::tempfile_in(folder_of(path)).map_err(|e| unwritable(path, &e))?;
        Ok(Self {
            file,
            matrix: BufWriter::new(matrix),
            dim,
            ids: Vec::new(),
            labels: Vec::new(),
            classes,
        })
    }

    /// Labels lie before the matrix, so that their 8 bytes are aligned.
    fn header(&self, labelled: bool) -> Result<Vec<u8>> {
        let rows = self.ids.len();
        let text = |names: &[String]| json!(names).to_string();
        let labels_end = if labelled { 8 * rows } else { 0 };
        let mut header = json!({
            "__metadata__": { "ids": text(&self.ids), "classes": text(&self.classes.0) },
            "embeddings": {
                "dtype": "F32",
                "shape": [rows, self.dim],
                "data_offsets": [labels_end, labels_end + 4 * rows * self.dim],
            },
        });
        if labelled {
            header["labels"] =
                json!({ "dtype": "I64", "shape": [rows], "data_offsets": [0, labels_end] });
        }
        let mut header = header.to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        if header.len() > LONGEST_HEADER {
            return Err(Error::data(
                self.file.path(),
                "too many ids for the header of a safetensors file; write .parquet or .npy instead",
            ));
        }
        Ok(header)
    }

    fn assemble(&mut self, header: &[u8], labelled: bool) -> io::Result<()> {
        self.file.write_all(&(header.len() as u64).to_le_bytes())?;
        self.file.write_all(header)?;
        if labelled {
            for label in &self.labels {
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
        write_f32(&mut self.matrix, &rows.values).map_err(|e| unwritable(self.file.path(), &e))?;
        self.ids.extend_from_slice(&rows.ids);
        let labels = (0..rows.rows()).map(|i| rows.label(i).map_or(-1, i64::from));
        self.labels.extend(labels);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let labelled = self.labels.iter().any(|l| *l >= 0);
        let header = self.header(labelled)?;
        self.assemble(&header, labelled)
            .map_err(|e| unwritable(self.file.path(), &e))?;
        self.file.commit()
    }
}
