//! Which files belong to which part.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::part::Part;
use crate::error::{Error, Result};

/// Folders below the root that are searched: `data/train-….parquet`, `default/train/0000.parquet`.
const DEPTH: usize = 2;

/// Every `.parquet` file at `root` (itself, or a folder searched two levels deep), sorted.
pub(super) fn files(root: &Path) -> Result<Vec<PathBuf>> {
    if root.is_file() {
        return Ok(vec![root.to_path_buf()]);
    }
    let mut found = Vec::new();
    search(root, DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| Error::data(folder, e))? {
        let path = entry.map_err(|e| Error::data(folder, e))?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
            && !hidden
        {
            found.push(path);
        } else if depth > 0 && !hidden && path.is_dir() {
            search(&path, depth - 1, found)?;
        }
    }
    Ok(())
}

/// The part that a file stands for by its own name or that of its folder; train where neither says.
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
    let name = file.file_name().and_then(|name| word(name.to_str()?));
    name.or_else(split).or_else(folder).unwrap_or(Part::Train)
}

/// The files at `root` by part: from the start of the file name, else from the name of its folder, else train.
pub(super) fn parts(root: &Path) -> Result<Vec<(Part, Vec<PathBuf>)>> {
    let mut parts: Vec<(Part, Vec<PathBuf>)> = Vec::new();
    for file in files(root)? {
        let part = part_of(&file, root);
        match parts.iter_mut().find(|(other, _)| *other == part) {
            Some((_, files)) => files.push(file),
            None => parts.push((part, vec![file])),
        }
    }
    if parts.is_empty() {
        return Err(Error::data(root, "no .parquet file in this folder"));
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
        stem.rsplit_once("-of-")?.1.split('-').next()?.parse().ok()
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
