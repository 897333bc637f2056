//! Which files are IDX images, and of which part.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::part::Part;
use crate::error::{Error, Result};

/// Whether the name of a file says that it holds IDX images.
pub(in crate::data::readers) fn is_idx(path: &Path) -> bool {
    stem(path).contains("idx3")
}

/// The image files of `root` (a folder, or one of the image files), by part; one for each.
pub(super) fn parts(root: &Path) -> Result<Vec<(Part, PathBuf)>> {
    let mut files = if root.is_dir() {
        image_files(root)?
    } else {
        image_files(root.parent().unwrap_or(Path::new(".")))?
    };
    if !root.is_dir() {
        files.retain(|path| family(path) == family(root));
    }
    let part = |path: &Path| {
        let stem = stem(path);
        let mut words = stem.split(['-', '_', '.']);
        words.find_map(Part::of_name).unwrap_or(Part::Train)
    };
    let found: Vec<_> = files.into_iter().map(|path| (part(&path), path)).collect();
    if found.is_empty() {
        return Err(Error::data(
            root,
            "no IDX image file here; their names hold `images` and `idx3`",
        ));
    }
    for (i, (part, path)) in found.iter().enumerate() {
        if found[..i].iter().any(|(other, _)| other == part) {
            let example = path.display();
            let problem = format!(
                "several sets lie here; name the image file of the one you want, such as {example}"
            );
            return Err(Error::data(root, problem));
        }
    }
    Ok(found)
}

/// Every IDX image file in a folder; of a file and its `.gz` copy, the plain one.
pub(super) fn image_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = fs::read_dir(folder).map_err(|e| Error::data(folder, e))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| stem(path).contains("images") && stem(path).contains("idx3"))
        .collect();
    files.sort();
    files.dedup_by_key(|path| stem(path));
    Ok(files)
}

/// The file name in lower case, without `.gz`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(".gz").to_lowercase()
}

/// What stands before the part in the name of a file: `emnist-balanced-` of `emnist-balanced-train-images-idx3-ubyte`.
fn family(path: &Path) -> String {
    let stem = stem(path);
    let at = ["train", "t10k", "test"]
        .iter()
        .find_map(|part| stem.find(part));
    stem[..at.unwrap_or(0)].to_string()
}

/// Whether a file is gzipped, by its name.
pub(super) fn gzipped(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

/// `train-labels-idx1-ubyte[.gz]` beside `train-images-idx3-ubyte[.gz]`.
pub(super) fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let name = name.replace("images", "labels").replace("idx3", "idx1");
    let plain = name.trim_end_matches(".gz");
    [plain.to_string(), format!("{plain}.gz")]
        .into_iter()
        .map(|name| images.with_file_name(name))
        .find(|path| path.is_file())
}
