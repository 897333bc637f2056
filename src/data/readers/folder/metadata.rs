//! What `metadata.csv`, `.jsonl` or `.parquet` beside pictures says of them.
//!
//! As `datasets` 5.2 of Hugging Face reads it: `file_name` starts at the folder of the file, and labels of the folders do not
//! count where the file has a column of labels. Unlike there, that column holds classes, pictures without a row stay (they
//! have no label), a row without a picture is counted instead of refused, folders name the classes where no column does,
//! a file above `train/` and `test/` counts, and a column `split` splits pictures that come in one part.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::files::METADATA;
use super::set::Folder;
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::data::readers::reader::{Parts, Request, no_columns};
use crate::data::readers::sheet::{self, Described, Given, Sheet};
use crate::error::{Error, Result};

/// A table and where it lies.
struct Table {
    file: PathBuf, // relative to the root
    rows: Sheet,
    paths: usize,
    label: Option<usize>,
}

/// Row of a table, for each picture of a set.
type Rows = Vec<Option<(usize, usize)>>;

/// The parts `sets` of the folder `root`, with what the tables beside their pictures say.
///
/// # Errors
/// `data.label` is given, and a table cannot be read; `data.label` names none of the columns.
pub(super) fn describe(
    root: &Path,
    mut sets: Vec<(Part, Folder)>,
    request: &Request,
) -> Result<Parts> {
    let mut notes = Vec::new();
    let mut tables = tables(root, &sets, request, &mut notes)?;
    if let Some((_, first)) = sets.first_mut() {
        first.add_notes(notes);
    }
    if tables.is_empty() {
        let shared = |(part, set): (Part, Folder)| (part, Arc::new(set) as Arc<dyn Dataset>);
        return Ok(sets.into_iter().map(shared).collect());
    }
    let (rows, mut notes) = rows_of(&tables, &sets);
    let given = given(&mut tables, &rows, &mut notes);
    if given != Given::Nothing {
        for (_, set) in &mut sets {
            set.forget_classes();
        }
    }
    let mut from = 0; // the first picture of a set among those of all
    let columns = further(&tables);
    let mut parts = Vec::new();
    let single = sets.len() == 1;
    for ((part, set), rows) in sets.into_iter().zip(&rows) {
        let own = given.some(from..from + rows.len());
        from += rows.len();
        let cells = cells(&tables, rows, &columns);
        let mut notes = std::mem::take(&mut notes); // the first part has them
        let split = single.then(|| sheet::parts(&cells, &mut notes)).flatten();
        let (column, split) = split.unzip();
        let cells = cells.without(column.as_slice());
        let set = Described::new(Arc::new(set), own, cells).with_notes(notes);
        let set: Arc<dyn Dataset> = Arc::new(set);
        match split {
            Some(_) => parts.extend(sheet::by_part(&set, split)),
            None => parts.push((part, set)),
        }
    }
    Ok(parts)
}

/// The tables at the root and those found beside the pictures, the deepest last.
fn tables(
    root: &Path,
    sets: &[(Part, Folder)],
    request: &Request,
    notes: &mut Vec<String>,
) -> Result<Vec<Table>> {
    let at_root = METADATA.iter().map(PathBuf::from);
    let mut files: BTreeSet<PathBuf> = at_root.filter(|file| root.join(file).is_file()).collect();
    files.extend(sets.iter().flat_map(|(_, set)| set.sheets()).cloned());
    let mut files: Vec<PathBuf> = files.into_iter().collect();
    files.sort_by_key(|file| file.iter().count());
    let mut tables = Vec::new();
    for file in files {
        let rows = match sheet::read(&root.join(&file), usize::MAX) {
            Ok(rows) => rows,
            Err(problem) if request.label.is_none() => {
                notes.push(format!(
                    "a table beside the pictures is not used: {problem}"
                ));
                continue;
            }
            Err(problem) => return Err(problem),
        };
        let Some(&paths) = sheet::called_paths(&rows).first() else {
            notes.push(format!(
                "`{}` has no column `file_name` and is not used",
                file.display()
            ));
            continue;
        };
        let label = match request.label {
            _ if request.labels == Some(false) => None,
            Some(wanted) => rows.column(wanted),
            None => sheet::labels(&rows, &file, None)?.first().copied(),
        };
        tables.push(Table {
            file,
            rows,
            paths,
            label,
        });
    }
    let wanted = request.label.filter(|_| request.labels != Some(false));
    if wanted.is_some() && tables.iter().all(|table| table.label.is_none()) {
        let Some(first) = tables.first() else {
            return Err(no_columns(request.path.display()));
        };
        let file = root.join(&first.file);
        sheet::labels(&first.rows, &file, wanted)?; // says what there is
        return Err(Error::Usage(format!(
            "`data.label` names several columns, which are read from a list of pictures: give {} with --data",
            file.display()
        )));
    }
    Ok(tables)
}

/// The row of each picture of each set, and a note on rows without a picture.
fn rows_of(tables: &[Table], sets: &[(Part, Folder)]) -> (Vec<Rows>, Vec<String>) {
    let sizes = sets.iter().map(|(_, set)| set.len());
    let mut rows: Vec<Rows> = sizes.map(|size| vec![None; size]).collect();
    let mut notes = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let folder = table.file.parent().unwrap_or(Path::new(""));
        let mut lost = Vec::new();
        for (row, cell) in table.rows.cells(table.paths).enumerate() {
            let path = plain(&folder.join(cell.unwrap_or_default()));
            let place =
                |(part, (_, set)): (usize, &(Part, Folder))| Some((part, set.place(&path)?));
            match sets.iter().enumerate().find_map(place) {
                Some((part, place)) => rows[part][place] = Some((number, row)),
                None => lost.push(row),
            }
        }
        if let Some(first) = lost.first() {
            notes.push(format!(
                "{} of {} rows of `{}` name no picture that is read here; the first: row {}, {}",
                lost.len(),
                table.rows.rows(),
                table.file.display(),
                first + 1,
                table
                    .rows
                    .cell(*first, table.paths)
                    .unwrap_or("an empty cell")
            ));
        }
    }
    (rows, notes)
}

/// `path` without `.` and `a/..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The labels of all pictures, one set after the other.
fn given(tables: &mut [Table], rows: &[Rows], notes: &mut Vec<String>) -> Given {
    let label = |row: &Option<(usize, usize)>| {
        let (table, row) = (*row)?;
        let table = &tables[table];
        table.rows.cell(row, table.label?)
    };
    let given = match Given::of(rows.iter().flatten().map(label)) {
        Ok(given) => given,
        Err(held) => {
            notes.push(format!(
                "the column of labels beside the pictures holds {held}, which are no classes: it is kept as a further \
                 column; name a column of classes in `data.label` where there is one"
            ));
            Given::Nothing
        }
    };
    let without = rows.iter().flatten().filter(|row| row.is_none()).count();
    if without > 0 && given != Given::Nothing {
        let all: usize = rows.iter().map(Vec::len).sum();
        notes.push(format!(
            "{without} of {all} pictures have no row in `{}` and no label",
            tables[0].file.display()
        ));
    }
    if given == Given::Nothing {
        for table in tables {
            table.label = None;
        }
    }
    given
}

/// The names of the further columns of all tables.
fn further(tables: &[Table]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for table in tables {
        for (column, name) in table.rows.names().iter().enumerate() {
            if column != table.paths && Some(column) != table.label && !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// The further `columns` of the pictures of one set.
fn cells(tables: &[Table], rows: &Rows, columns: &[String]) -> Sheet {
    let mut cells = Sheet::new(columns.to_vec());
    let places: Vec<Vec<Option<usize>>> = tables
        .iter()
        .map(|table| columns.iter().map(|name| table.rows.column(name)).collect())
        .collect();
    for row in rows {
        let cell = |column: usize| {
            let (table, row) = (*row)?;
            tables[table].rows.cell(row, places[table][column]?)
        };
        cells.push((0..columns.len()).map(|column| cell(column).unwrap_or_default()));
    }
    cells
}

/// The columns of a table in `folder` or in a folder of it; `None` where there is none.
pub(in crate::data::readers) fn columns(folder: &Path) -> Option<Vec<String>> {
    let inside = folder.read_dir().ok()?.flatten().map(|entry| entry.path());
    let folders = std::iter::once(folder.to_path_buf()).chain(inside);
    let mut files = folders.flat_map(|folder| METADATA.map(|name| folder.join(name)));
    let file = files.find(|file| file.is_file())?;
    Some(sheet::read(&file, 1).ok()?.names().to_vec())
}
