//! From a file to its rows.

use std::path::Path;

use super::rows::Sheet;
use super::{jsonl, list};
use crate::data::readers::reader::has_extension;
use crate::data::table_formats::{Columns, Csv, Parquet};
use crate::error::{Error, Result};

type Read = fn(&Path, usize) -> Result<Sheet>;

/// How files are read, by their extension.
const FORMATS: [(&str, Read); 5] = [
    ("csv", |path, most| separated(path, b',', most)),
    ("tsv", |path, most| separated(path, b'\t', most)),
    ("jsonl", jsonl::read),
    ("parquet", parquet),
    ("txt", list::read),
];

fn find(path: &Path) -> Option<Read> {
    let known = |(extension, _): &&(&str, Read)| has_extension(path, extension);
    FORMATS.iter().find(known).map(|(_, read)| *read)
}

/// Whether the extension of `path` is that of a sheet.
pub(in crate::data::readers) fn is_sheet(path: &Path) -> bool {
    find(path).is_some()
}

/// The first `most` rows at `path`.
///
/// # Errors
/// A file that cannot be read, with the line that is broken; none of the extensions.
pub(in crate::data::readers) fn read(path: &Path, most: usize) -> Result<Sheet> {
    let read = find(path).ok_or_else(|| {
        let known = FORMATS.map(|(extension, _)| format!(".{extension}"));
        let problem = format!("its extension is none of {}", known.join(", "));
        Error::data(path, problem)
    })?;
    read(path, most)
}

fn separated(path: &Path, delimiter: u8, most: usize) -> Result<Sheet> {
    let file = Csv::open(path, delimiter)?;
    let mut sheet = Sheet::new(file.names().to_vec());
    file.first(most, |record| {
        sheet.push(record.iter());
        Ok(())
    })?;
    Ok(sheet)
}

fn parquet(path: &Path, most: usize) -> Result<Sheet> {
    let file = Parquet::open(path)?;
    let columns = file.shown();
    let names = columns.iter().map(|&column| file.names()[column].clone());
    let mut sheet = Sheet::new(names.collect());
    file.first(most, &columns, |cells| {
        sheet.push(cells.iter().map(String::as_str));
    })?;
    Ok(sheet)
}
