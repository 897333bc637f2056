//! From the extension of a file to its columns: one format a file, one line in [`FORMATS`].

use std::path::Path;

use super::columns::{Columns, unusable};
use super::csv::Csv;
use super::npy::Npy;
use super::parquet::Parquet;
use crate::error::{Error, Result};

/// A file format of tables.
struct Format {
    extension: &'static str,
    /// Whether a file with this extension is never a set of images.
    only_tables: bool,
    open: fn(&Path) -> Result<Box<dyn Columns>>,
}

/// The formats by the extension that names them.
const FORMATS: &[Format] = &[
    format("csv", true, |path| Ok(Box::new(Csv::open(path, b',')?))),
    format("tsv", true, |path| Ok(Box::new(Csv::open(path, b'\t')?))),
    format("parquet", false, |path| Ok(Box::new(Parquet::open(path)?))),
    format("npy", true, |path| Ok(Box::new(Npy::open(path)?))),
];

const fn format(
    extension: &'static str,
    only_tables: bool,
    open: fn(&Path) -> Result<Box<dyn Columns>>,
) -> Format {
    Format {
        extension,
        only_tables,
        open,
    }
}

/// The format that the extension of `path` names, in capitals or not.
fn find(path: &Path) -> Option<&'static Format> {
    let extension = path.extension()?;
    FORMATS
        .iter()
        .find(|format| extension.eq_ignore_ascii_case(format.extension))
}

/// Whether the extension of `path` alone says that it is a table.
pub(in crate::data) fn is_named_as_table(path: &Path) -> bool {
    find(path).is_some_and(|format| format.only_tables)
}

/// Open `path` in the format that its extension names.
pub(in crate::data) fn open(path: &Path) -> Result<Box<dyn Columns>> {
    let names = FORMATS
        .iter()
        .map(|format| format!(".{}", format.extension))
        .collect::<Vec<_>>();
    if !path.is_file() {
        return Err(Error::data(
            path,
            format!(
                "there is no such file; give an existing {}, or the name of a generator (`ravine list generators`)",
                either(&names)
            ),
        ));
    }
    let Some(format) = find(path) else {
        return Err(unusable(
            path,
            format!("not a table: its extension is none of {}", names.join(", ")),
        ));
    };
    (format.open)(path)
}

/// `.a, .b or .c`.
fn either(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.join(""),
    }
}
