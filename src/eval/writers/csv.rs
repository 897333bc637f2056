//! Comma-separated values: `id,part,label,class,e0,e1,…`, empty where there is no label.

use std::io::Write;
use std::path::Path;

use super::format::{Classes, EmbeddingWriter, Format, part_of};
use crate::atomic::AtomicFile;
use crate::error::{Error, Result};
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "csv",
    about: "id, part, label, class, e0, e1, …; for spreadsheets",
    create: |path, dim, classes| Ok(Box::new(Csv::create(path, dim, classes)?)),
};

/// Numbers are the shortest decimals that read back as the same f32.
struct Csv {
    out: Table,
}

impl Csv {
    fn create(path: &Path, dim: usize, classes: Classes) -> Result<Self> {
        let columns = (0..dim).map(|i| format!("e{i}")).collect();
        let out = Table::create(path, columns, classes)?;
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

/// `id,part,label,class` and then some columns of numbers.
pub(super) struct Table {
    csv: ::csv::Writer<AtomicFile>,
    classes: Classes,
}

impl Table {
    pub(super) fn create(path: &Path, columns: Vec<String>, classes: Classes) -> Result<Self> {
        let mut csv = ::csv::Writer::from_writer(AtomicFile::create(path)?);
        let names = ["id", "part", "label", "class"].map(String::from);
        csv.write_record(names.into_iter().chain(columns))
            .map_err(|e| Error::data(path, e))?;
        Ok(Self { csv, classes })
    }

    pub(super) fn row(&mut self, rows: &Features, i: usize, numbers: &[f32]) -> Result<()> {
        let (label, class) = self.classes.of(rows, i);
        let label = label.map_or(String::new(), |l| l.to_string());
        let part = part_of(rows, i).unwrap_or("");
        let names = [rows.ids[i].as_str(), part, &label, class.unwrap_or("")].map(String::from);
        let numbers = numbers.iter().map(f32::to_string);
        let written = self.csv.write_record(names.into_iter().chain(numbers));
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
