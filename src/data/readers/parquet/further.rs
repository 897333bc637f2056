//! What the columns beside pictures and labels say of each picture.

use std::path::PathBuf;

use super::set::Parquet;
use crate::data::readers::sheet::Sheet;
use crate::data::table_formats::{Columns, Parquet as Table};
use crate::error::Result;

/// More text than this is left where it lies.
const MOST_TEXT: usize = 256 << 20;

/// The further columns of the `files` of `set`, numbers and lists as text; what stands instead of them where they are
/// too much to be kept.
///
/// # Errors
/// A file that cannot be decoded.
pub(super) fn further(files: &[PathBuf], set: &Parquet) -> Result<Result<Sheet, String>> {
    let mut sheet = Sheet::default();
    let (mut text, mut rows) = (0, 0);
    for (file, (label, count)) in files.iter().zip(set.label_columns()) {
        let table = Table::open(file)?;
        let shown = table.shown().into_iter();
        let columns: Vec<usize> = shown
            .filter(|&column| Some(&table.names()[column]) != label)
            .collect();
        let names: Vec<&String> = columns.iter().map(|&c| &table.names()[c]).collect();
        table.first(usize::MAX, &columns, |cells| {
            text += cells.iter().map(String::len).sum::<usize>();
            if text <= MOST_TEXT {
                let cells = names.iter().zip(cells);
                sheet.push_named(cells.map(|(name, cell)| (name.as_str(), cell.as_str())));
            }
        })?;
        rows += count;
        sheet.fill_to(rows);
    }
    if text > MOST_TEXT {
        let names = sheet.columns_in_words();
        return Ok(Err(format!(
            "the further columns ({names}) hold more than {} MiB of text and are passed over",
            MOST_TEXT >> 20
        )));
    }
    Ok(Ok(sheet.without(&[])))
}
