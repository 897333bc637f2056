//! Sets that come in several files, and which files belong to which part.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::entry::{is_folder, is_hidden};
use crate::data::part::Part;
use crate::error::{Error, Result};

/// Folders below the root that are searched: `data/train-….parquet`, `default/train/0000.parquet`.
const DEPTH: usize = 2;

/// Every file that `is_shard` at `root` (itself, or a folder searched two levels deep), sorted.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn files(root: &Path, is_shard: fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    if root.is_file() {
        return Ok(vec![root.to_path_buf()]);
    }
    let mut found = search(root, DEPTH, is_shard)?;
    found.sort();
    Ok(found)
}

fn search(folder: &Path, depth: usize, is_shard: fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(|e| Error::data(folder, e))? {
        let entry = entry.map_err(|e| Error::data(folder, e))?;
        if is_hidden(&entry) {
            continue;
        }
        let path = entry.path();
        if is_shard(&path) {
            found.push(path);
        } else if depth > 0 && is_folder(&entry) {
            folders.push(path);
        }
    }
    let inside = folders.par_iter();
    let inside = inside.map(|folder| search(folder, depth - 1, is_shard));
    found.extend(inside.collect::<Result<Vec<_>>>()?.into_iter().flatten());
    Ok(found)
}

/// The part that a file stands for by the start of its own name, the name of its folder, or any word of its own name
/// (`imagenet1k-validation-00.tar`); train where none says.
///
/// A folder `label=3` of a partitioned table is one of its columns and names none, but `split=train` does.
fn part_of(file: &Path, root: &Path) -> Part {
    let word = |name: &str| {
        let name = name.to_lowercase();
        Part::of_name(name.split(|c: char| !c.is_alphanumeric()).next()?)
    };
    let below = file.strip_prefix(root).unwrap_or(file).parent();
    let above = below.into_iter().flat_map(Path::ancestors);
    let mut folders: Vec<&str> = above
        .filter_map(|path| path.file_name()?.to_str())
        .collect();
    folders.extend(file.parent().and_then(|path| path.file_name()?.to_str()));
    let split = || {
        folders
            .iter()
            .find_map(|name| word(name.strip_prefix("split=")?))
    };
    let folder = || word(folders.iter().find(|name| !name.contains('='))?);
    let name = file.file_name().and_then(|name| name.to_str());
    let anywhere = || Some(Part::in_name(name?)?.0);
    let found = name.and_then(word).or_else(split).or_else(folder);
    found.or_else(anywhere).unwrap_or(Part::Train)
}

/// The `files` at `root` by part, in their order; in a folder, all files that their names promise.
///
/// # Errors
/// `train-00000-of-00005.parquet` without the four others.
pub(super) fn parts(files: Vec<PathBuf>, root: &Path) -> Result<Vec<(Part, Vec<PathBuf>)>> {
    let mut parts: Vec<(Part, Vec<PathBuf>)> = Vec::new();
    for file in files {
        let part = part_of(&file, root);
        match parts.iter_mut().find(|(other, _)| *other == part) {
            Some((_, files)) => files.push(file),
            None => parts.push((part, vec![file])),
        }
    }
    if root.is_dir() {
        parts.iter().try_for_each(|(_, files)| all_shards(files))?;
    }
    Ok(parts)
}

/// `train-00000-of-00005.parquet` promises five files.
fn all_shards(files: &[PathBuf]) -> Result<()> {
    let promised = |path: &PathBuf| -> Option<usize> {
        let stem = path.file_stem()?.to_str()?;
        let promise = stem.rsplit_once("-of-")?.1;
        promise.split(['-', '.']).next()?.parse().ok()
    };
    for file in files {
        let siblings = || files.iter().filter(|other| other.parent() == file.parent());
        let Some(count) = promised(file) else {
            continue;
        };
        let present = siblings()
            .filter(|other| promised(other) == Some(count))
            .count();
        if present < count {
            let problem = format!(
                "only {present} of the {count} files of this part are here; download the others"
            );
            return Err(Error::data(file, problem));
        }
    }
    Ok(())
}
