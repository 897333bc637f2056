//! What the images of a set are found by: paths relative to its root, none twice.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// `path` as an id writes it; what is no text stands there as `\xff`, so that no two paths become one.
pub(super) fn text_of(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_string(),
        None => path
            .as_os_str()
            .as_encoded_bytes()
            .escape_ascii()
            .to_string(),
    }
}

/// `files` by their paths below `root` (a folder, or the only file); a file that is given again gets a number: `a (2)`.
pub(super) fn names_below(files: &[PathBuf], root: &Path) -> Vec<String> {
    distinct(files.iter().map(|file| {
        let below = file.strip_prefix(root).unwrap_or(file);
        let name = if below.as_os_str().is_empty() {
            Path::new(file.file_name().unwrap_or_default())
        } else {
            below
        };
        text_of(name)
    }))
}

/// `names`, where one that comes again gets a number: `a (2)`.
pub(super) fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut used = HashSet::new();
    let names = names.map(|name| {
        let again = (2..).map(|number| format!("{name} ({number})"));
        let mut candidates = std::iter::once(name.clone()).chain(again);
        let free = candidates.find(|candidate| used.insert(candidate.clone()));
        free.unwrap_or(name)
    });
    names.collect()
}

/// The deepest folder that all of `files` lie in.
pub(super) fn common_folder(files: &[PathBuf]) -> PathBuf {
    let mut folders = files.iter().filter_map(|file| file.parent());
    let first = folders.next().unwrap_or(Path::new("")).to_path_buf();
    folders.fold(first, |common, folder| {
        let shared = common.iter().zip(folder.iter());
        shared.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_and_none_repeats() {
        let files = ["r/a/0.parquet", "r/b/0.parquet", "r/a/0.parquet"].map(PathBuf::from);
        assert_eq!(common_folder(&files), Path::new("r"));
        let names = names_below(&files, Path::new("r"));
        assert_eq!(names, ["a/0.parquet", "b/0.parquet", "a/0.parquet (2)"]);
        assert_eq!(names_below(&files[..1], &files[0]), ["0.parquet"]);
    }
}
