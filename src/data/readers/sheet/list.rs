//! One path a line, and a label behind it: the lists of Caffe and of torchvision's examples.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::rows::Sheet;
use crate::data::readers::folder::files::has_picture_name;
use crate::error::{Error, Result};

/// The first `most` lines that are not empty, as columns `path` and `label`.
///
/// The label stands behind the first tab, else behind the last blank of a line that does not end like a picture's name.
pub(super) fn read(path: &Path, most: usize) -> Result<Sheet> {
    let file = File::open(path).map_err(|e| Error::data(path, e))?;
    let mut sheet = Sheet::new(["path", "label"].map(String::from).to_vec());
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        if sheet.rows() >= most {
            break;
        }
        let broken = |e| Error::data(path, format!("line {number} cannot be read: {e}"));
        let line = line.map_err(broken)?;
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            let (file, label) = parted(line);
            sheet.push([file, label].into_iter());
        }
    }
    let unlabelled = sheet.cells(1).all(|cell| cell.is_none());
    Ok(if unlabelled {
        sheet.without(&[1])
    } else {
        sheet
    })
}

fn parted(line: &str) -> (&str, &str) {
    let blank = || {
        let named = has_picture_name(line);
        line.rsplit_once(char::is_whitespace).filter(|_| !named)
    };
    let (file, label) = line.split_once('\t').or_else(blank).unwrap_or((line, ""));
    (file.trim_end(), label.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_told_from_a_blank_in_a_name() {
        for (line, parts) in [
            ("a.png", ("a.png", "")),
            ("my cat.PNG", ("my cat.PNG", "")),
            ("my cat.png 3", ("my cat.png", "3")),
            ("a.png\tbig cat", ("a.png", "big cat")),
            ("noextension", ("noextension", "")),
        ] {
            assert_eq!(parted(line), parts);
        }
    }
}
