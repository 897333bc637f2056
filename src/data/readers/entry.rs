//! What the entries of a folder are, by what the folder says of them: only links are looked up.

use std::fs::DirEntry;

/// Whether an entry is a folder, or a link to one.
pub(super) fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| {
        kind.is_dir() || (!kind.is_file() && entry.path().is_dir()) // some file systems leave the kind open
    })
}

/// Whether an entry is a file, or a link to one.
pub(super) fn is_file(entry: &DirEntry) -> bool {
    entry
        .file_type()
        .is_ok_and(|kind| kind.is_file() || (!kind.is_dir() && entry.path().is_file()))
}

/// Whether the name of an entry begins with a dot.
pub(super) fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}
