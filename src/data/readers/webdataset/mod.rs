//! Tar archives as the Python library webdataset reads them: files that share a name are a sample, a picture and its label.

mod braces;
mod counts;
mod fields;
mod further;
mod index;
mod indexer;
mod label;
mod members;
mod names;
mod set;
mod unpack;
mod window;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::folder;
use super::reader::{Parts, Reader, Request};
use super::shards;
use super::sheet::{Described, Given, Sheet};
use crate::data::dataset::Dataset;
use crate::data::ids::common_folder;
use crate::data::part::Part;
use crate::error::{Error, Result, hint};
use indexer::Indexer;

#[cfg(feature = "remote")]
pub(in crate::data) use braces::expand as expand_braces;
pub use set::WebDataset;

/// The file of class names beside the shards, a name a line.
const NAMES: &str = "classnames.txt";

/// Tar archives of samples (webdataset), plain or packed with gzip or Zstandard.
#[derive(JsonSchema)]
pub(super) struct WebDatasetReader;

impl Reader for WebDatasetReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        if !source.is_dir() {
            return Ok(is_shard(source) && (source.exists() || !pattern(source).is_empty()));
        }
        // An archive beside the pictures that came in it is no data of its own.
        Ok(!shards::files(source, is_shard)?.is_empty() && folder::pictures(source)? == 0)
    }

    fn is_there(&self, source: &Path) -> bool {
        source.exists() || pattern(source).iter().any(|path| path.exists())
    }

    fn takes_label(&self) -> bool {
        true
    }

    fn columns(&self, source: &Path) -> Option<Vec<String>> {
        if !self.recognizes(source).is_ok_and(|found| found) {
            return None;
        }
        let files = files(source).unwrap_or_default();
        let first = files.first().and_then(|file| fields::of_first_sample(file));
        Some(first.unwrap_or_default())
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let files = files(request.path)?;
        let root = if request.path.exists() {
            request.path.to_path_buf()
        } else {
            common_folder(&files)
        };
        let mut indexer = Indexer::new(request.label);
        let folder = if root.is_dir() {
            root.clone()
        } else {
            common_folder(&files)
        };
        let (mut sets, mut further) = (Vec::new(), Vec::new());
        for (part, files) in shards::parts(files, request.path)? {
            let set = WebDataset::index(&files, &root, request.channels, &mut indexer)?;
            sets.push((part, set.with_range(request.range)));
            further.push(indexer.further.take());
        }
        self.share_labels(&mut sets, indexer, request, &folder)?;
        let sets = sets.into_iter().zip(further);
        Ok(sets
            .map(|((part, set), cells)| (part, described(set, cells)))
            .collect())
    }
}

impl WebDatasetReader {
    /// Give each set its labels, numbered alike in all parts, and the first that has pictures what is to be said.
    fn share_labels(
        &self,
        sets: &mut [(Part, WebDataset)],
        indexer: Indexer,
        request: &Request,
        folder: &Path,
    ) -> Result<()> {
        let problem = |problem| Error::data(request.path, problem);
        let pictures = sets.iter().map(|(_, set)| set.len()).sum();
        let numbered = !indexer.in_words();
        let (mut labels, mut classes, counts) = indexer.labels(pictures).map_err(problem)?;
        let mut notes = counts.notes();
        if numbered && !classes.is_empty() {
            name_classes(&folder.join(NAMES), &mut classes, &mut notes)?;
        }
        if pictures == 0 {
            let found = notes.join("; ");
            return Err(problem(format!(
                "no sample with a picture in these tar files; {found}"
            )));
        }
        if let Some(label) = request.label.filter(|_| classes.is_empty()) {
            let known = self.columns(request.path).unwrap_or_default();
            return Err(no_labels(request.path, label, &known));
        }
        for (_, set) in sets.iter_mut() {
            let rest = labels.split_off(set.len());
            set.use_labels(std::mem::replace(&mut labels, rest), classes.clone());
        }
        let beside = if request.path.is_dir() {
            folder::pictures(request.path)?
        } else {
            0
        };
        if beside > 0 {
            notes.push(format!(
                "{beside} pictures beside the tar files are not read; data.reader = \"folder\" reads them instead"
            ));
        }
        if let Some((_, first)) = sets.iter_mut().find(|(_, set)| !set.is_empty()) {
            first.add_notes(notes);
        }
        Ok(())
    }
}

/// A set with what stands in its `.json`, or the reason why that is passed over.
fn described(mut set: WebDataset, cells: std::result::Result<Sheet, String>) -> Arc<dyn Dataset> {
    match cells {
        Ok(cells) if !cells.names().is_empty() => {
            Arc::new(Described::new(Arc::new(set), Given::Nothing, cells))
        }
        Ok(_) => Arc::new(set),
        Err(note) => {
            set.add_notes(vec![note]);
            Arc::new(set)
        }
    }
}

/// Give numbered `classes` the names that stand in the file at `path`, where it is there and has one for each.
fn name_classes(path: &Path, classes: &mut Vec<String>, notes: &mut Vec<String>) -> Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let text = fs::read_to_string(path).map_err(|e| Error::data(path, e))?;
    let names: Vec<String> = text.lines().map(|line| line.trim().into()).collect();
    if names.len() < classes.len() {
        notes.push(format!(
            "{}: {} names are too few for the class number {}; classes are called by their numbers",
            path.display(),
            names.len(),
            classes.len() - 1
        ));
    } else {
        *classes = names;
    }
    Ok(())
}

fn no_labels(path: &Path, label: &str, known: &[String]) -> Error {
    let path = path.display();
    let way = hint(label, known.iter().map(String::as_str));
    Error::Usage(format!(
        "{path}: `data.label`: no sample has a class in a field or a key `{label}`; {way}"
    ))
}

/// Whether the name of a file is that of a tar archive.
fn is_shard(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.zst"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The shards that the braces of `source` stand for; none where they stand for nothing.
fn pattern(source: &Path) -> Vec<PathBuf> {
    let names = source.to_str().map(braces::expand);
    let names = names.and_then(Result::ok).filter(|names| names.len() > 1);
    names.into_iter().flatten().map(PathBuf::from).collect()
}

/// The shards of `source`: itself, those in a folder, or those of a pattern, which must all be there.
fn files(source: &Path) -> Result<Vec<PathBuf>> {
    if source.exists() {
        let files = shards::files(source, is_shard)?;
        if files.is_empty() {
            return Err(Error::data(
                source,
                "no .tar, .tar.gz, .tgz or .tar.zst file in this folder",
            ));
        }
        return Ok(files);
    }
    let files = pattern(source);
    if let Some(missing) = files.iter().find(|file| !file.is_file()) {
        return Err(Error::data(
            missing,
            format!(
                "is missing, one of the {} files that {} stands for; download it, or write narrower braces",
                files.len(),
                source.display()
            ),
        ));
    }
    Ok(files)
}
