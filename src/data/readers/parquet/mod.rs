//! Parquet files in the Hugging Face image layout: a column `struct<bytes, path>` and a label column.

mod beside;
mod columns;
mod further;
mod labels;
mod on_disk;
mod rows;
mod set;
mod shard;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::labels::ordered;
use super::reader::{Parts, Reader, Request, has_extension};
use super::shards;
use super::sheet::{Described, Given};
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::error::{Error, Result, hint};
use beside::{Beside, beside};
use further::further;

pub use set::Parquet;

/// Parquet files in the Hugging Face image layout.
#[derive(JsonSchema)]
pub(super) struct ParquetReader;

impl Reader for ParquetReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        if !source.is_dir() {
            return Ok(has_extension(source, "parquet"));
        }
        let files = files(source)?;
        if files.is_empty() {
            return Ok(false);
        }
        let beside = beside(source, &files)?;
        Ok(beside.is_none_or(|beside| beside.pictures <= beside.rows))
    }

    fn takes_label(&self) -> bool {
        true
    }

    fn columns(&self, source: &Path) -> Option<Vec<String>> {
        columns_beside_images(source)
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let root = if request.path.is_dir() {
            request.path
        } else {
            request.path.parent().unwrap_or(request.path)
        };
        let how = (request.channels, request.cache);
        let (mut sets, mut of_parts) = (Vec::new(), Vec::new());
        let found = files(request.path)?;
        if found.is_empty() {
            let problem = "no .parquet file in this folder";
            return Err(Error::data(request.path, problem));
        }
        let beside = beside(request.path, &found)?;
        for (part, files) in shards::parts(found, request.path)? {
            let set = Parquet::of(&files, how, root, request.label)?;
            let mut set = set.with_range(request.range);
            set.name_below(&files, request.path); // one root for all parts
            sets.push((part, set));
            of_parts.push(files);
        }
        share_classes(&mut sets, request)?;
        if let Some(((_, first), Beside { pictures, .. })) = sets.first_mut().zip(beside) {
            first.note(format!(
                "{pictures} pictures beside the Parquet files are not read; data.reader = \"folder\" reads them instead"
            ));
        }
        let sets = sets.into_iter().zip(&of_parts);
        sets.map(|((part, set), files)| Ok((part, described(set, files)?)))
            .collect()
    }
}

/// `set` with what further columns of its `files` say.
fn described(mut set: Parquet, files: &[PathBuf]) -> Result<Arc<dyn Dataset>> {
    let cells = match further(files, &set)? {
        Ok(cells) if !cells.names().is_empty() => cells,
        Ok(_) => return Ok(Arc::new(set)),
        Err(note) => {
            set.note(note);
            return Ok(Arc::new(set));
        }
    };
    Ok(Arc::new(Described::new(
        Arc::new(set),
        Given::Nothing,
        cells,
    )))
}

/// Every `.parquet` file at `root`, sorted.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let is_table = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "parquet")
    };
    shards::files(root, is_table)
}

/// Number labels that are words alike in all parts; refuse a column of labels that no part has.
fn share_classes(sets: &mut [(Part, Parquet)], request: &Request) -> Result<()> {
    let tags = sets.iter().flat_map(|(_, set)| set.tag_names().to_vec());
    let tags = ordered(tags);
    if !tags.is_empty() {
        for (_, set) in sets {
            set.use_tags(&tags);
        }
        return Ok(());
    }
    let in_words: Vec<bool> = sets.iter().filter_map(|(_, set)| set.in_words()).collect();
    if let Some(label) = request.label.filter(|_| in_words.is_empty()) {
        let columns = sets.first().map_or_else(Vec::new, |(_, set)| set.columns());
        return Err(no_labels(request.path, label, &columns));
    }
    if !in_words.contains(&true) {
        return Ok(());
    }
    if in_words.contains(&false) {
        return Err(set::mixed(request.path));
    }
    let classes = sets.iter().flat_map(|(_, set)| set.classes().to_vec());
    let classes = ordered(classes);
    for (_, set) in sets {
        set.use_classes(&classes);
    }
    Ok(())
}

fn no_labels(path: &Path, label: &str, columns: &[String]) -> Error {
    let path = path.display();
    Error::Usage(if columns.iter().any(|column| column == label) {
        format!(
            "{path}: `data.label`: column `{label}` names no class in any row; fill it, or leave the key out"
        )
    } else {
        let way = hint(label, columns.iter().map(String::as_str));
        format!("{path}: `data.label`: there is no column `{label}`; {way}")
    })
}

/// The columns of the first Parquet file at `path`, folders `name=value` included, where it holds images; what cannot be
/// read is left to whoever opens it.
fn columns_beside_images(path: &Path) -> Option<Vec<String>> {
    let files = files(path).ok()?;
    let first = files.first()?;
    let mut columns = shard::columns_beside_images(first)?;
    let folders = first
        .ancestors()
        .filter_map(|path| path.file_name()?.to_str());
    columns.extend(folders.filter_map(|folder| Some(labels::hive(folder)?.0.to_string())));
    Some(columns)
}
