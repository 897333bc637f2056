//! Folders of image files: `class/….jpg`, or a flat unlabelled heap, in one part or in `train/`, `test/`, `val/`; or a
//! single file.
//!
//! The first level of folders that looks like classes names them, with all that lies below, as torchvision's `ImageFolder`
//! takes it; `data.class_level` chooses another one.

mod annotations;
mod classes;
pub(super) mod files;
mod levels;
mod metadata;
mod parts;
mod set;
mod wanted;

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;

use files::is_image;

use super::reader::{Parts, Reader, Request, no_columns, one_part};
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::error::Result;
use files::Found;
use wanted::is_named_video;

pub use set::Folder;
pub(super) use wanted::Wanted;

/// Pictures in files of their own below `folder`.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn pictures(folder: &Path) -> Result<usize> {
    let mut found = Found::default();
    found.walk(folder, Path::new(""))?;
    Ok(found.images.len())
}

/// Whether `source` is a video, or a folder with videos and no pictures below it.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn is_of_videos(source: &Path) -> Result<bool> {
    if source.is_dir() {
        return Found::videos_alone(source);
    }
    Ok(source.is_file() && is_named_video(source))
}

/// Whether files of this extension, which is in lower case, are taken for pictures that are read.
pub(super) fn is_picture_extension(extension: &str) -> bool {
    wanted::EXTENSIONS.contains(&extension)
}

/// Image files, one folder a class or a flat heap, or a single one.
#[derive(JsonSchema)]
pub(super) struct FolderReader;

impl Reader for FolderReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(source.is_dir() || is_image(source))
    }

    fn takes_folders(&self) -> bool {
        true
    }

    fn takes_label(&self) -> bool {
        true
    }

    fn columns(&self, source: &Path) -> Option<Vec<String>> {
        metadata::columns(source)
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        open(request, Wanted::Pictures)
    }
}

/// The files of a folder that are `wanted`, by part and with their classes; or a single one.
///
/// # Errors
/// As [`Reader::open`].
pub(super) fn open(request: &Request, wanted: Wanted) -> Result<Parts> {
    let channels = request.channels;
    if request.path.is_file() {
        if request.label.is_some() {
            return Err(no_columns(request.path.display()));
        }
        let file = Folder::file(request.path, channels, request.labels)?;
        return Ok(one_part(file.with_range(request.range)));
    }
    // Folders at a level that is asked for are numbered over all parts at once, below.
    let labels = request.class_level.map_or(request.labels, |_| Some(false));
    let Some((root, layout)) = parts::find(request.path, wanted)? else {
        let folder = Folder::whole(request.path, wanted, channels, labels)?;
        let mut sets = vec![(Part::Train, folder.with_range(request.range))];
        if let Some(level) = request.class_level {
            levels::take(&mut sets, 0, level);
        }
        return metadata::describe(request.path, sets, request);
    };
    let mut sets: Vec<(Part, Folder)> = Vec::new();
    let mut classes = Vec::new();
    let train_first = [Part::Train, Part::Validation, Part::Test];
    for part in train_first {
        let Some((_, folders)) = layout.parts.iter().find(|(other, _)| *other == part) else {
            continue;
        };
        let mut set = if part == Part::Train {
            let folders = (folders.as_slice(), layout.unlabelled.as_slice());
            Folder::part((&root, wanted), part, folders, channels, labels)?
        } else if classes.is_empty() {
            Folder::part((&root, wanted), part, (folders, &[]), channels, labels)?
        } else {
            let mut set =
                Folder::part((&root, wanted), part, (folders, &[]), channels, Some(false))?;
            set.use_classes(&classes, request.labels.is_some())?;
            set
        };
        if part == Part::Train {
            set.add_notes(layout.notes.clone());
            classes = set.classes().to_vec();
        }
        sets.push((part, set.with_range(request.range)));
    }
    if let Some(level) = request.class_level {
        levels::take(&mut sets, 1, level);
    } else if classes.is_empty() {
        share_classes(&mut sets);
    }
    metadata::describe(&root, sets, request)
}

/// Give a class of several parts one number, where the training part has no classes to number them by.
fn share_classes(sets: &mut [(Part, Folder)]) {
    let all: BTreeSet<String> = sets
        .iter()
        .flat_map(|(_, set)| set.classes().iter().cloned())
        .collect();
    let all: Vec<String> = all.into_iter().collect();
    let labelled = sets.iter_mut().filter(|(_, set)| !set.classes().is_empty());
    labelled.for_each(|(_, set)| set.renumber(&all));
}
