//! NumPy's npy: the matrix alone; ids, parts, labels, class names and further columns go to `<stem>.labels.csv` beside it, row by row.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::csv::Table;
use super::format::{EmbeddingForm, EmbeddingWriter, Format, Names};
use crate::atomic::{AtomicFile, unwritable};
use crate::error::Result;
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "npy",
    about: "the matrix, with ids, parts and labels in <stem>.labels.csv beside it; for NumPy",
    text: false,
    says: false,
    create: |path, form, names| Ok(Box::new(Npy::create(path, form, names)?)),
};

/// Bytes before the numbers: a multiple of 64, with room for any number of rows, which is known last.
const HEADER: usize = 128;

struct Npy {
    matrix: AtomicFile,
    labels: Table,
    rows: usize,
    form: EmbeddingForm,
}

impl Npy {
    fn create(path: &Path, form: &EmbeddingForm, names: Names) -> Result<Self> {
        let mut matrix = AtomicFile::create(path)?;
        let labels = Table::create(&path.with_extension("labels.csv"), Vec::new(), names)?;
        let written = matrix.write_all(&header(0, form));
        written.map_err(|e| unwritable(path, &e))?;
        Ok(Self {
            matrix,
            labels,
            rows: 0,
            form: form.clone(),
        })
    }
}

impl EmbeddingWriter for Npy {
    fn append(&mut self, rows: &Features) -> Result<()> {
        let precision = self.form.precision;
        precision
            .write(&mut self.matrix, &rows.values)
            .map_err(|e| unwritable(self.matrix.path(), &e))?;
        for i in 0..rows.rows() {
            self.labels.row(rows, i, &[])?;
        }
        self.rows += rows.rows();
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let file = &mut self.matrix;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(&header(self.rows, &self.form)))
            .map_err(|e| unwritable(file.path(), &e))?;
        self.labels.finish()?; // first: a matrix that is there has its labels
        self.matrix.commit()
    }
}

/// Version 1.0: magic, version, length of the rest, a Python dictionary padded by blanks to a line end.
fn header(rows: usize, form: &EmbeddingForm) -> Vec<u8> {
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    let sides: Vec<String> = form.shape.iter().map(usize::to_string).collect();
    let (width, sides) = (form.precision.width(), sides.join(", "));
    let shape =
        format!("{{'descr': '<f{width}', 'fortran_order': False, 'shape': ({rows}, {sides}), }}");
    header.extend(shape.bytes());
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}
