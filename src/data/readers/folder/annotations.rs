//! Labels of a part in a text file: Tiny ImageNet's `val_annotations.txt`, Kaggle's `LOC_val_solution.csv` of ImageNet.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::classes::number;
use crate::data::part::Part;

/// Words that the name of such a file holds.
const WORDS: [&str; 3] = ["annotation", "label", "solution"];

/// Folders above that of the part in which Kaggle's file may lie: above `ILSVRC/Data/CLS-LOC`.
const ABOVE: usize = 4;

/// What text files say of the files of a part: a file and its class a line, with a comma (`.csv`), tabs or blanks between.
pub(super) struct Annotations(HashMap<String, String>);

impl Annotations {
    /// Those in `folder` of `part`, those beside it that are named by the part, and `LOC_…_solution.csv` further above.
    pub(super) fn of(folder: &Path, part: Part) -> Self {
        let real = folder.canonicalize();
        let real = real.unwrap_or_else(|_| folder.to_path_buf());
        let mut files = Vec::new();
        for (height, above) in real.ancestors().take(ABOVE + 1).enumerate() {
            let entries = fs::read_dir(above).into_iter().flatten().flatten();
            let paths = entries.map(|entry| entry.path());
            let mut found: Vec<PathBuf> = paths.filter(|path| fits(path, part, height)).collect();
            found.sort();
            files.extend(found);
        }
        let mut classes = HashMap::new();
        for path in files.into_iter().rev() {
            // the nearest last, which counts
            let text = fs::read_to_string(&path).unwrap_or_default();
            classes.extend(text.lines().filter_map(|line| parted(line, &path)));
        }
        Self(classes)
    }

    /// The label of `file`, which is called with its extension or without.
    pub(super) fn label(&self, file: &Path, classes: &[String]) -> Option<u32> {
        let by_stem = || self.0.get(file.file_stem()?.to_str()?);
        let said = self.0.get(file.file_name()?.to_str()?).or_else(by_stem)?;
        let first_word = || said.split_whitespace().next();
        number(said.as_ref(), classes).or_else(|| number(first_word()?.as_ref(), classes))
    }
}

/// Whether the file at `path`, so many folders above the pictures of `part`, says what they are.
fn fits(path: &Path, part: Part, height: usize) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let named = Part::in_name(stem).map(|(part, _)| part);
    let word = WORDS.iter().any(|word| stem.to_lowercase().contains(word));
    let near = match height {
        0 => named.is_none_or(|named| named == part),
        1 => named == Some(part),
        _ => named == Some(part) && stem.starts_with("LOC_"),
    };
    word && near && ["txt", "csv", "tsv"].contains(&extension)
}

/// File and class of a line.
fn parted(line: &str, path: &Path) -> Option<(String, String)> {
    let comma = path.extension().is_some_and(|extension| extension == "csv");
    let (file, rest) = match line.split_once('\t') {
        _ if comma => line.split_once(',')?,
        Some(parts) => parts,
        None => line.trim().split_once(char::is_whitespace)?,
    };
    let class = rest.split(if comma { ',' } else { '\t' }).next()?;
    let plain = |cell: &str| cell.trim().trim_matches('"').to_string();
    let file = plain(file);
    let name = file.rsplit('/').next().unwrap_or_default();
    Some((name.to_string(), plain(class)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_class_are_told_apart() {
        let of = |line: &str, path: &str| parted(line, Path::new(path)).unwrap();
        let pair = |file: &str, class: &str| (file.to_string(), class.to_string());
        assert_eq!(of("a.png\tn01 x\t0\t1", "a.txt"), pair("a.png", "n01 x"));
        assert_eq!(of("val/a.png 7", "a.txt"), pair("a.png", "7"));
        assert_eq!(
            of("ILSVRC_1,n03 85 1 499,x", "a.csv"),
            pair("ILSVRC_1", "n03 85 1 499")
        );
        assert_eq!(parted("cat", Path::new("a.txt")), None);
    }

    #[test]
    fn a_file_counts_by_its_name_and_place() {
        let fits = |name: &str, height| fits(Path::new(name), Part::Validation, height);
        assert!(
            fits("val_annotations.txt", 0) && fits("Labels.csv", 0) && fits("val_labels.csv", 1)
        );
        assert!(fits("LOC_val_solution.csv", 4));
        assert!(
            !fits("test_labels.csv", 0) && !fits("labels.csv", 1) && !fits("val_labels.csv", 2)
        );
        assert!(!fits("val.csv", 0) && !fits("val_labels.png", 0));
    }
}
