//! Which column of a sheet says what.

use std::path::Path;

use super::rows::Sheet;
use crate::data::part::Part;
use crate::error::{Error, Result, hint};

/// Names that a column of paths usually has.
const PATHS: [&str; 16] = [
    "file_name",
    "filename",
    "file",
    "path",
    "image",
    "image_path",
    "filepath",
    "file_path",
    "img",
    "img_path",
    "img_filename",
    "image_file",
    "image_name",
    "image_id",
    "picture",
    "photo",
];

/// Names that a column of classes usually has.
const LABELS: [&str; 10] = [
    "label",
    "labels",
    "class",
    "target",
    "category",
    "class_name",
    "label_name",
    "category_name",
    "fine_label",
    "coarse_label",
];

/// Names that a column of parts usually has.
const PARTS: [&str; 5] = ["split", "part", "set", "subset", "partition"];

/// The columns of `sheet` that are called as one of `wanted`, in the order of these; capitals do not count.
fn called(sheet: &Sheet, wanted: &[&str]) -> Vec<usize> {
    let plain = |name: &String| name.to_lowercase().replace([' ', '-'], "_");
    let names: Vec<String> = sheet.names().iter().map(plain).collect();
    let place = |name: &&str| names.iter().position(|own| own == name);
    wanted.iter().filter_map(place).collect()
}

/// The columns that are called as those of paths.
pub(in crate::data::readers) fn called_paths(sheet: &Sheet) -> Vec<usize> {
    called(sheet, &PATHS)
}

/// The columns of labels: that called `wanted`, or several with commas between them; else one that is called as such.
///
/// # Errors
/// There is none called `wanted`.
pub(in crate::data::readers) fn labels(
    sheet: &Sheet,
    path: &Path,
    wanted: Option<&str>,
) -> Result<Vec<usize>> {
    let Some(wanted) = wanted else {
        return Ok(called(sheet, &LABELS).into_iter().take(1).collect());
    };
    let one = sheet.column(wanted).map(|column| vec![column]);
    let several = || {
        wanted
            .split(',')
            .map(|name| sheet.column(name.trim()))
            .collect()
    };
    one.or_else(several).ok_or_else(|| {
        let path = path.display();
        let way = hint(wanted, sheet.names().iter().map(String::as_str));
        let there = sheet.columns_in_words();
        Error::Usage(format!(
            "{path}: `data.label`: there is no column `{wanted}` among {there}; {way}"
        ))
    })
}

/// The column of parts, and the part of each row; `None` without one that names any.
///
/// What names no part is taken for training; `notes` say so.
pub(in crate::data::readers) fn parts(
    sheet: &Sheet,
    notes: &mut Vec<String>,
) -> Option<(usize, Vec<Part>)> {
    let part = |cell: Option<&str>| cell.and_then(Part::of_name);
    let mut columns = called(sheet, &PARTS).into_iter();
    let column = columns.find(|&column| sheet.cells(column).any(|cell| part(cell).is_some()))?;
    let mut strange = sheet.cells(column).filter(|cell| part(*cell).is_none());
    if let Some(first) = strange.next() {
        let (name, first) = (&sheet.names()[column], first.unwrap_or_default());
        notes.push(format!(
            "{} rows have no part in the column `{name}` and are taken for training; the first says `{first}`, not \
             train, validation or test",
            strange.count() + 1
        ));
    }
    let parts = sheet.cells(column);
    let parts = parts.map(|cell| part(cell).unwrap_or(Part::Train));
    Some((column, parts.collect()))
}
