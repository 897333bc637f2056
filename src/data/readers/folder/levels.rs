//! Classes of folders within folders.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::set::Folder;
use crate::data::part::Part;
use crate::data::readers::class_level::ClassLevel;

/// The folder that names the class of `file`, below the first `top` of its folders; `None` where it lies in too few.
fn folder_of(file: &Path, top: usize, level: ClassLevel) -> Option<PathBuf> {
    let folders: Vec<_> = file.parent()?.iter().skip(top).collect();
    let depth = match level {
        ClassLevel::Top(level) => level,
        ClassLevel::Last => folders.len().max(1),
    };
    Some(folders.get(..depth)?.iter().collect())
}

/// What each of `folders` is called: by its own name, or by its whole path where two have the same name.
fn names(folders: &BTreeSet<PathBuf>) -> BTreeMap<&Path, String> {
    let own = |folder: &Path| {
        folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for folder in folders {
        *counts.entry(own(folder)).or_default() += 1;
    }
    let whole = |folder: &Path| {
        let parts: Vec<_> = folder.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    };
    let name = |folder: &Path| {
        let own = own(folder);
        let single = counts.get(&own) == Some(&1);
        own.filter(|_| single).unwrap_or_else(|| whole(folder))
    };
    let folders = folders.iter();
    folders
        .map(|folder| (folder.as_path(), name(folder)))
        .collect()
}

/// Take the folders at `level`, below the first `top`, for the classes of all parts; those of the training part count.
pub(super) fn take(sets: &mut [(Part, Folder)], top: usize, level: ClassLevel) {
    let of = |set: &Folder| -> BTreeSet<PathBuf> {
        let files = set.candidates().into_iter();
        files
            .filter_map(|file| folder_of(file, top, level))
            .collect()
    };
    let all: Vec<BTreeSet<PathBuf>> = sets.iter().map(|(_, set)| of(set)).collect();
    let folders: BTreeSet<PathBuf> = all.iter().flatten().cloned().collect();
    let names = names(&folders);
    let train = sets.iter().position(|(part, _)| *part == Part::Train);
    let own = &all[train.unwrap_or(0)];
    let classes: BTreeSet<&String> = own.iter().map(|folder| &names[folder.as_path()]).collect();
    let classes: Vec<String> = classes.into_iter().cloned().collect();
    for (_, set) in sets {
        if classes.is_empty() {
            set.add_notes(vec![format!(
                "none of the {} lies in as many folders as `data.class_level` says: there are no labels",
                set.wanted().files()
            )]);
            continue;
        }
        set.number(&classes, |file| {
            let folder = folder_of(file, top, level)?;
            names.get(folder.as_path()).cloned().map(Cow::Owned)
        });
    }
}
