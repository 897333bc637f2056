//! Lists of pictures: a table with a column of paths, and what else is known of each picture.
//!
//! The reader knows the column of paths by its name and by the files that it names, so that tables of numbers stay tables.

mod columns;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;

use super::folder::Folder;
use super::reader::{Parts, Reader, Request};
use super::sheet::{self, Described, Given, Sheet};
use crate::data::ids::distinct;
use crate::error::{Error, Result};

use columns::{columns, folder_of};

/// Paths of pictures in a table (.csv, .tsv, .jsonl, .parquet) or a list (.txt), with labels, parts and further columns.
#[derive(JsonSchema)]
pub(super) struct ManifestReader;

impl Reader for ManifestReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(columns(source).is_some())
    }

    fn takes_label(&self) -> bool {
        true
    }

    fn columns(&self, source: &Path) -> Option<Vec<String>> {
        columns(source)
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let path = request.path;
        let rows = sheet::read(path, usize::MAX)?;
        let paths = columns::paths(&rows, path)?;
        let mut notes = Vec::new();
        let (labels, given) = labels(&rows, request, &mut notes)?;
        let parts = sheet::parts(&rows, &mut notes);
        let files: Vec<Box<Path>> = rows
            .cells(paths)
            .map(|cell| Path::new(cell.unwrap_or_default()).into())
            .collect();
        notes.extend(missing(path, &files)?);
        let renamed = renamed(&rows, paths);
        let split = parts.as_ref().map(|(column, _)| *column);
        let used: Vec<usize> = labels.into_iter().chain([paths]).chain(split).collect();
        let pictures = Folder::unlabelled(folder_of(path), files, request.channels);
        let pictures = Arc::new(pictures.with_range(request.range));
        let set = Described::new(pictures, given, rows.without(&used))
            .renamed(renamed)
            .with_notes(notes);
        Ok(sheet::by_part(
            &(Arc::new(set) as _),
            parts.map(|(_, parts)| parts),
        ))
    }
}

/// The columns of labels and what they name; a column that holds no classes stays a further one, and `notes` say so.
fn labels(rows: &Sheet, request: &Request, notes: &mut Vec<String>) -> Result<(Vec<usize>, Given)> {
    let nothing = Ok((Vec::new(), Given::Nothing));
    if request.labels == Some(false) {
        return nothing;
    }
    let columns = sheet::labels(rows, request.path, request.label)?;
    match columns.as_slice() {
        [] if request.labels == Some(true) => {
            let problem = format!(
                "no column of labels among {}; name one in `data.label`, or leave `data.labels` out",
                rows.columns_in_words()
            );
            Err(Error::data(request.path, problem))
        }
        [] => nothing,
        &[column] => match Given::of(rows.cells(column)) {
            Ok(Given::Nothing) => nothing,
            Ok(given) => Ok((columns, given)),
            Err(held) => {
                notes.push(format!(
                    "the column `{}` holds {held}, which are no classes: it is kept as a further column, and the \
                     pictures have no label; name a column of classes in `data.label` where there is one",
                    rows.names()[column]
                ));
                nothing
            }
        },
        several => {
            let tags = sheet::tags_of_columns(rows, several);
            let tags = tags.map_err(|problem| Error::data(request.path, problem))?;
            Ok((columns, Given::Tags(tags)))
        }
    }
}

/// What is said of files that are not there.
fn missing(path: &Path, files: &[Box<Path>]) -> Result<Option<String>> {
    let folder = folder_of(path);
    let lost = |file: &Path| !folder.join(file).is_file();
    let lost: Vec<usize> = (0..files.len())
        .into_par_iter()
        .filter(|&row| lost(&files[row]))
        .collect();
    let Some(&first) = lost.first() else {
        return Ok(None);
    };
    let tried: PathBuf = folder.join(&files[first]);
    if lost.len() == files.len() {
        let problem = format!(
            "none of the {} files that it names is there; the first: {}. Paths start at the folder of this file",
            files.len(),
            tried.display()
        );
        return Err(Error::data(path, problem));
    }
    Ok(Some(format!(
        "{} of {} files are not there; the first: row {}, {}",
        lost.len(),
        files.len(),
        first + 1,
        tried.display()
    )))
}

/// The ids of pictures that are named again: `a.png (2)`.
fn renamed(rows: &Sheet, column: usize) -> HashMap<usize, String> {
    let paths = || rows.cells(column).map(Option::unwrap_or_default);
    let ids = distinct(paths().map(String::from)).into_iter();
    let again = ids.zip(paths()).enumerate();
    let again = again.filter(|(_, (id, path))| id != path);
    again.map(|(row, (id, _))| (row, id)).collect()
}
