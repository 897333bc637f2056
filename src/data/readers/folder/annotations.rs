//! Labels of a part in a text file beside its images, as Tiny ImageNet comes: `val_annotations.txt`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// File name to class name, from every `…_annotations.txt` in `folder`: a file and its class a line, with tabs between.
///
/// Empty where there is none.
pub(super) fn read(folder: &Path) -> HashMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with("_annotations.txt"))
        .collect();
    files.sort();
    let mut classes = HashMap::new();
    for text in files
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
    {
        for line in text.lines() {
            let mut columns = line.split('\t').map(str::trim);
            if let (Some(file), Some(class)) = (columns.next(), columns.next()) {
                classes.insert(file.to_string(), class.to_string());
            }
        }
    }
    classes
}
