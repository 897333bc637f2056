//! Comma-separated values: `id,part,label,class,e0,e1,…`, empty where there is no label, and then the further columns.

use std::io::Write;
use std::path::Path;

use super::format::{EmbeddingWriter, Format, Names, part_of};
use crate::atomic::AtomicFile;
use crate::error::{Error, Result};
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "csv",
    about: "id, part, label, class, e0, e1, …, further columns; for spreadsheets",
    text: true,
    says: false,
    create: |path, form, names| Ok(Box::new(Csv::create(path, form.numbers(), names)?)),
};

/// Numbers are the shortest decimals that read back as the same f32.
struct Csv {
    out: Table,
}

impl Csv {
    fn create(path: &Path, dim: usize, names: Names) -> Result<Self> {
        let columns = (0..dim).map(|i| format!("e{i}")).collect();
        let out = Table::create(path, columns, names)?;
        Ok(Self { out })
    }
}

impl EmbeddingWriter for Csv {
    fn append(&mut self, rows: &Features) -> Result<()> {
        for i in 0..rows.rows() {
            self.out.row(rows, i, rows.row(i))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.out.finish()
    }
}

/// `id,part,label,class`, then some columns of numbers, then the further columns.
pub(super) struct Table {
    csv: ::csv::Writer<AtomicFile>,
    names: Names,
}

impl Table {
    pub(super) fn create(path: &Path, columns: Vec<String>, names: Names) -> Result<Self> {
        let mut csv = ::csv::Writer::from_writer(AtomicFile::create(path)?);
        let own = ["id", "part", "label", "class"].map(String::from);
        let further = names.columns.iter().cloned();
        csv.write_record(own.into_iter().chain(columns).chain(further))
            .map_err(|e| Error::data(path, e))?;
        Ok(Self { csv, names })
    }

    pub(super) fn row(&mut self, rows: &Features, i: usize, numbers: &[f32]) -> Result<()> {
        let (label, class) = self.names.of(rows, i);
        let label = label.map_or(String::new(), |l| l.to_string());
        let part = part_of(rows, i).unwrap_or("");
        let own = [rows.ids[i].as_str(), part, &label, class.unwrap_or("")].map(String::from);
        let numbers = numbers.iter().map(f32::to_string);
        let columns = 0..self.names.columns.len();
        let further = columns.map(|c| Names::cell(rows, i, c).unwrap_or("").to_string());
        let written = self
            .csv
            .write_record(own.into_iter().chain(numbers).chain(further));
        written.map_err(|e| Error::data(self.csv.get_ref().path(), e))
    }

    pub(super) fn finish(self) -> Result<()> {
        let path = self.csv.get_ref().path().to_path_buf();
        let inner = self.csv.into_inner();
        let mut file = inner.map_err(|e| Error::data(&path, e.error()))?;
        file.flush().map_err(|e| Error::data(&path, e))?;
        file.commit()
    }
}
