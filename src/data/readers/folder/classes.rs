//! Which level of folders names the classes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

/// Folders around the classes that are looked through: `images/cat/1.jpg`.
const DEEPEST: usize = 3;

/// The folder of `file` at `level` below the root; `None` where the file does not lie so deep.
pub(super) fn class_of(file: &Path, level: usize) -> Option<&OsStr> {
    let mut folders = file.iter().skip(level);
    folders.next().filter(|_| folders.next().is_some())
}

/// The names of all folders at `level`, sorted.
pub(super) fn names<'a>(files: &[&'a Path], level: usize) -> BTreeSet<&'a OsStr> {
    files
        .iter()
        .filter_map(|file| class_of(file, level))
        .collect()
}

/// The first level, `top` or below it, whose folders look like classes: at least two, which hold most of the files.
///
/// A single folder that holds all files is looked through.
pub(super) fn level(files: &[&Path], top: usize) -> Option<usize> {
    for level in top..=top + DEEPEST {
        let inside = files.iter().filter(|file| class_of(file, level).is_some());
        let (inside, names) = (inside.count(), names(files, level).len());
        if names > 1 {
            return (2 * inside > files.len()).then_some(level);
        }
        if names == 0 || inside < files.len() {
            return None;
        }
    }
    None
}

/// The first level, `top` or below it, at which one of the folders is one of `classes`.
pub(super) fn level_of(files: &[&Path], top: usize, classes: &[String]) -> Option<usize> {
    (top..=top + DEEPEST).find(|&level| {
        let mut names = names(files, level).into_iter();
        names.any(|name| number(name, classes).is_some())
    })
}

/// The label of a class folder.
pub(super) fn number(name: &OsStr, classes: &[String]) -> Option<u32> {
    let name = name.to_string_lossy();
    let found = classes.iter().position(|class| *class == name);
    found.map(|label| label as u32)
}

/// What is said of `pictures` in folders that are none of `classes`, the folder of each; nothing where there is none.
pub(super) fn foreign(
    pictures: &str,
    folders: &[Cow<'_, str>],
    classes: &[String],
) -> Option<String> {
    let names: BTreeSet<&str> = folders.iter().map(AsRef::as_ref).collect();
    let (which, are) = match names.len() {
        0 => return None,
        1 => ("folder", "is no class"),
        _ => ("folders", "are no classes"),
    };
    let some: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{name}`"))
        .collect();
    let (some, more) = (some.join(", "), if names.len() > 3 { ", …" } else { "" });
    let near = |name: &&str| {
        let lower = name.to_lowercase();
        let class = classes.iter().find(|class| class.to_lowercase() == lower)?;
        Some(format!("`{name}` and `{class}`"))
    };
    let near: Vec<String> = names.iter().filter_map(near).take(3).collect();
    let way_out = if near.is_empty() {
        String::new()
    } else {
        let near = near.join(", ");
        format!("; {near} differ in case alone: give both parts the same names")
    };
    Some(format!(
        "{} {pictures} lie in the {which} {some}{more}, which {are} of the training part: they have no label{way_out}",
        folders.len()
    ))
}

/// A sentence where the class folders at `level` hold folders that look like classes themselves; `None` where they do not.
pub(super) fn nested(files: &[&Path], level: usize) -> Option<String> {
    let mut inside: BTreeMap<_, BTreeSet<&Path>> = BTreeMap::new();
    for file in files {
        if let (Some(class), Some(last)) = (class_of(file, level), file.parent()) {
            inside.entry(class).or_default().insert(last);
        }
    }
    let several = inside.values().filter(|folders| folders.len() > 1).count();
    let last: BTreeSet<&Path> = inside.values().flatten().copied().collect();
    let names: BTreeSet<_> = last
        .iter()
        .filter_map(|folder| folder.file_name())
        .collect();
    // `left` and `right` in each of them, or a folder for each day, say nothing of classes.
    let alike = 2 * names.len() <= last.len();
    (2 * several > inside.len() && !alike).then(|| {
        format!(
            "classes are the {} first folders; data.class_level = \"last\" takes the {} folders the pictures lie in",
            inside.len(),
            last.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested_in(files: &[&str]) -> Option<String> {
        let files: Vec<&Path> = files.iter().map(Path::new).collect();
        nested(&files, 0)
    }

    #[test]
    fn folders_within_folders_are_noticed_and_halves_of_a_class_are_not() {
        let said = nested_in(&[
            "animals/cat/1",
            "animals/dog/1",
            "things/car/1",
            "things/bus/1",
            "things/van/1",
        ]);
        assert!(
            said.unwrap()
                .contains("the 2 first folders; data.class_level = \"last\" takes the 5")
        );
        assert_eq!(nested_in(&["a/images/1", "b/images/1"]), None);
        assert_eq!(
            nested_in(&["a/left/1", "a/right/1", "b/left/1", "b/right/1"]),
            None
        );
        assert_eq!(nested_in(&["a/1", "a/2", "b/1"]), None);
    }
}
