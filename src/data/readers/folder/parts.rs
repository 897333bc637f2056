//! Which folders of a root are the parts that it was split into by hand.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use super::files::{self, Found};
use super::wanted::Wanted;
use crate::data::part::{Part, is_neutral};
use crate::data::readers::entry::{is_folder, is_hidden};
use crate::error::{Error, Result};

/// The folders of a root that is split by hand, their names relative to it.
pub(super) struct Layout {
    wanted: Wanted,
    /// The folders of each part; one part may have several (`trainA`, `trainB`).
    pub(super) parts: Vec<(Part, Vec<PathBuf>)>,
    /// Folders of training images without labels: `unlabeled`.
    pub(super) unlabelled: Vec<PathBuf>,
    /// What lies beside them and is not read, a sentence each.
    pub(super) notes: Vec<String>,
}

/// The folders of a root that is split by hand: `train/` beside `test/`, `val/` or `unlabeled/`, or alone.
///
/// `None` when there is no folder of training images, or only foreign ones beside it: then the whole root is one part.
/// A name says more than its part (`seg_train`) only where another part says the same (`seg_test`).
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn parts(root: &Path, wanted: Wanted) -> Result<Option<Layout>> {
    let (mut folders, mut files_here) = (Vec::new(), 0);
    for entry in fs::read_dir(root).map_err(|e| Error::data(root, e))? {
        let entry = entry.map_err(|e| Error::data(root, e))?;
        if is_hidden(&entry) {
            continue;
        }
        if !is_folder(&entry) {
            files_here += usize::from(files::is_entry(&entry, wanted));
        } else if !files::holds_runs(&entry.path()) {
            folders.push(PathBuf::from(entry.file_name()));
        }
    }
    folders.sort();
    let named: Vec<Option<(Part, String)>> = folders
        .iter()
        .map(|folder| Part::in_name(folder.to_str()?))
        .collect();
    let is_part = |(part, rest): &(Part, String)| {
        let shared = |(other, same): &(Part, String)| other != part && same == rest;
        is_neutral(rest) || named.iter().flatten().any(shared)
    };
    let (mut layout, mut beside) = (Layout::of(wanted), Vec::new());
    for (folder, name) in folders.into_iter().zip(&named) {
        match name.as_ref().filter(|name| is_part(name)) {
            Some((part, _)) => layout.push(*part, folder),
            None if is_unlabelled(&folder) => layout.unlabelled.push(folder),
            None => beside.push(folder),
        }
    }
    if !layout.is_split(beside.len()) {
        return Ok(None);
    }
    layout.note(root, &beside, files_here);
    Ok(Some(layout))
}

/// The parts of `root`, or those of the one folder that stands around them: which folder holds them, and they.
///
/// # Errors
/// As [`parts`].
pub(super) fn find(root: &Path, wanted: Wanted) -> Result<Option<(PathBuf, Layout)>> {
    if let Some(layout) = parts(root, wanted)? {
        return Ok(Some((root.to_path_buf(), layout)));
    }
    let entries = fs::read_dir(root).map_err(|e| Error::data(root, e))?;
    let inside: Vec<_> = entries.flatten().filter(|e| !is_hidden(e)).collect();
    let folders = inside.iter().filter(|entry| is_folder(entry));
    let mut folders = folders
        .map(DirEntry::path)
        .filter(|path| !files::holds_runs(path));
    let (Some(only), None) = (folders.next(), folders.next()) else {
        return Ok(None);
    };
    if inside.iter().any(|entry| files::is_entry(entry, wanted)) {
        return Ok(None);
    }
    Ok(parts(&only, wanted)?.map(|layout| (only, layout)))
}

fn is_unlabelled(folder: &Path) -> bool {
    let name = folder.to_string_lossy().to_lowercase();
    let plain = name.trim_end_matches(|c: char| !c.is_alphabetic());
    ["unlabeled", "unlabelled", "unsup", "unsupervised"].contains(&plain)
}

impl Layout {
    fn of(wanted: Wanted) -> Self {
        Self {
            wanted,
            parts: Vec::new(),
            unlabelled: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn push(&mut self, part: Part, folder: PathBuf) {
        match self.parts.iter_mut().find(|(other, _)| *other == part) {
            Some((_, folders)) => folders.push(folder),
            None => self.parts.push((part, vec![folder])),
        }
    }

    /// Whether these are the parts of a set, with so many foreign folders beside them.
    fn is_split(&self, beside: usize) -> bool {
        let train = self.parts.iter().any(|(part, _)| *part == Part::Train);
        train && (beside == 0 || self.parts.len() > 1 || !self.unlabelled.is_empty())
    }

    /// Say what is not read: `top` files at the top, and those in the folders `beside` the parts.
    fn note(&mut self, root: &Path, beside: &[PathBuf], top: usize) {
        let files = self.wanted.files();
        let way_out = "beside the folders of the parts are not read; move them into one, or give them as data of their own";
        if top > 0 {
            self.notes
                .push(format!("{top} {files} at the top, {way_out}"));
        }
        for folder in beside {
            let mut found = Found::new(self.wanted);
            if let Err(problem) = found.walk(root, folder) {
                self.notes.push(format!("passed over: {problem}"));
            }
            let (name, count) = (folder.display(), found.images.len() + found.unread());
            if count > 0 {
                self.notes
                    .push(format!("{count} {files} in `{name}`, {way_out}"));
            }
        }
    }
}
