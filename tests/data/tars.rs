//! Tar archives written here.

use std::path::Path;

use ravine::data::Dataset;

use crate::tiny::{png, write};

/// An archive of these files, in their order.
pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        add(&mut tar, name, content);
    }
    tar.into_inner().unwrap()
}

/// Append a file, whatever its name, which the builder would check.
pub(crate) fn add(tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

/// A shard of `.png` and `.cls`: the samples of these numbers, each of class number % 3.
pub(crate) fn shard(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for number in numbers {
        add(&mut tar, &format!("{number:04}.png"), &png(number));
        let class = (number % 3).to_string();
        add(&mut tar, &format!("{number:04}.cls"), class.as_bytes());
    }
    tar.into_inner().unwrap()
}

pub(crate) fn write_tar(path: &Path, files: &[(&str, &[u8])]) {
    write(path, &tar_of(files));
}

/// What the images are found by.
pub(crate) fn ids(set: &dyn Dataset) -> Vec<String> {
    (0..set.len()).map(|i| set.id(i)).collect()
}
