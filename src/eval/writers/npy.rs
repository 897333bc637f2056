//! NumPy's npy: the matrix alone; ids, parts, labels, class names and further columns go to `<stem>.labels.csv` beside it, row by row.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::csv::Table;
use super::format::{EmbeddingWriter, Format, Names};
use crate::atomic::{AtomicFile, unwritable};
use crate::error::Result;
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "npy",
    about: "the matrix, with ids, parts and labels in <stem>.labels.csv beside it; for NumPy",
    create: |path, dim, names| Ok(Box::new(Npy::create(path, dim, names)?)),
};

/// Bytes before the numbers: a multiple of 64, with room for any number of rows, which is known last.
const HEADER: usize = 128;

struct Npy {
    matrix: AtomicFile,
    labels: Table,
    rows: usize,
    dim: usize,
}

impl Npy {
    fn create(path: &Path, dim: usize, names: Names) -> Result<Self> {
        let mut matrix = AtomicFile::create(path)?;
        let labels = Table::create(&path.with_extension("labels.csv"), Vec::new(), names)?;
        let written = matrix.write_all(&header(0, dim));
        written.map_err(|e| unwritable(path, &e))?;
        Ok(Self {
            matrix,
            labels,
            rows: 0,
            dim,
        })
    }
}

impl EmbeddingWriter for Npy {
    fn append(&mut self, rows: &Features) -> Result<()> {
        write_f32(&mut self.matrix, &rows.values)
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
            .and_then(|_| file.write_all(&header(self.rows, self.dim)))
            .map_err(|e| unwritable(file.path(), &e))?;
        self.labels.finish()?; // first: a matrix that is there has its labels
        self.matrix.commit()
    }
}

/// Version 1.0: magic, version, length of the rest, a Python dictionary padded by blanks to a line end.
fn header(rows: usize, dim: usize) -> Vec<u8> {
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    let shape = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
    header.extend(shape.bytes());
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}

/// Little-endian, a few thousand numbers at a time.
pub(super) fn write_f32(out: &mut impl Write, values: &[f32]) -> std::io::Result<()> {
    for part in values.chunks(4096) {
        let bytes: Vec<u8> = part.iter().flat_map(|v| v.to_le_bytes()).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}
