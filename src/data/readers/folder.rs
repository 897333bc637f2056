//! Folders of image files: `class/….jpg`, or a flat unlabelled heap.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::reader::{Parts, Reader, Request, one_part};
use crate::data::dataset::Dataset;
use crate::data::decode::decode_within;
use crate::data::depth::highest;
use crate::data::image::Image;
use crate::data::part::Part;
use crate::data::white::WHITE;
use crate::error::{Error, Result};

const EXTENSIONS: [&str; 12] = [
    "jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm",
];

/// Largest file read as one image, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// Image files, one folder a class or a flat heap.
#[derive(JsonSchema)]
pub(super) struct FolderReader;

impl Reader for FolderReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(source.is_dir())
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let open = |path: &Path| -> Result<Folder> {
            let folder = Folder::open(path, request.channels, request.labels)?;
            Ok(folder.with_white(request.white))
        };
        let Some(parts) = parts(request.path) else {
            return Ok(one_part(open(request.path)?));
        };
        let mut sets: Vec<(Part, Folder)> = Vec::new();
        for (part, path) in parts {
            sets.push((part, open(&path)?));
        }
        let train = sets.iter().find(|(part, _)| *part == Part::Train);
        let classes = train.map_or_else(Vec::new, |(_, set)| set.classes().to_vec());
        for (_, set) in &mut sets {
            if !classes.is_empty() && set.all_in_folders() {
                set.use_classes(classes.clone())?;
            }
        }
        let shared = |(part, set): (Part, Folder)| (part, Arc::new(set) as Arc<dyn Dataset>);
        Ok(sets.into_iter().map(shared).collect())
    }
}

/// Image files below a root, found recursively and sorted by path; read and decoded when asked for.
///
/// Memory: the paths, nothing of the images.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    files: Vec<Box<Path>>, // relative to the root
    labels: Option<Vec<u32>>,
    classes: Vec<String>,
    channels: usize,
    white: u16,
}

/// The folders of a root that is split by hand: `train/` beside `test/`, `val/`, `valid/` or `validation/`, or alone.
///
/// `None` when there is no `train/`, or only other folders beside it: then the whole root is one part.
fn parts(root: &Path) -> Option<Vec<(Part, PathBuf)>> {
    let entries = fs::read_dir(root)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let part = |path: &PathBuf| Part::of_name(&path.file_name()?.to_str()?.to_lowercase());
    let alone = folders.len() == 1;
    let mut found: Vec<_> = folders
        .into_iter()
        .filter_map(|path| Some((part(&path)?, path)))
        .collect();
    found.dedup_by_key(|(part, _)| *part);
    let train = found.iter().any(|(part, _)| *part == Part::Train);
    (train && (alone || found.len() > 1)).then_some(found)
}

impl Folder {
    /// Find the images below `root`.
    ///
    /// `labelled`: the first-level folders are the classes (`Some(true)`), there are no classes (`Some(false)`), or they
    /// are classes when every image lies below one of them and there are at least two (`None`).
    ///
    /// # Errors
    /// A folder that cannot be read or holds no image; with `Some(true)`, an image outside of every class folder.
    pub fn open(root: &Path, channels: usize, labelled: Option<bool>) -> Result<Self> {
        let mut files = Vec::new();
        walk(root, root, &mut Vec::new(), &mut files)?;
        if files.is_empty() {
            return Err(Error::data(
                root,
                format!(
                    "no image file in this folder; looked for {}",
                    EXTENSIONS.join(", ")
                ),
            ));
        }
        files.sort();
        let outside = files.iter().find(|file| class_of(file).is_none());
        if let (Some(true), Some(file)) = (labelled, outside) {
            return Err(Error::data(
                root.join(file),
                "lies outside of every class folder; move it into one, or leave `data.labels` out",
            ));
        }
        let names: BTreeSet<&OsStr> = files.iter().filter_map(|file| class_of(file)).collect();
        let wanted = labelled.unwrap_or(outside.is_none() && names.len() > 1);
        let classes: Vec<String> = names
            .into_iter()
            .filter(|_| wanted)
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let mut folder = Self {
            root: root.to_path_buf(),
            files,
            labels: None,
            classes: Vec::new(),
            channels,
            white: WHITE,
        };
        if wanted {
            folder.use_classes(classes)?;
        }
        Ok(folder)
    }

    /// The same images with the value `white` of those of 16 bits white.
    #[must_use]
    pub fn with_white(mut self, white: u16) -> Self {
        self.white = white;
        self
    }

    /// Whether every image lies below a first-level folder.
    fn all_in_folders(&self) -> bool {
        self.files.iter().all(|file| class_of(file).is_some())
    }

    /// Number the labels by `classes`, which several parts of one set share; every class folder must be among them.
    fn use_classes(&mut self, classes: Vec<String>) -> Result<()> {
        let label = |file: &Path| {
            let name = class_of(file).map(|name| name.to_string_lossy());
            let found = classes
                .iter()
                .position(|class| Some(class.as_str()) == name.as_deref());
            found.map(|label| label as u32).ok_or_else(|| {
                Error::data(
                    self.root.join(file),
                    "its folder is not one of the classes of the training part",
                )
            })
        };
        let labels = self
            .files
            .iter()
            .map(|file| label(file))
            .collect::<Result<_>>()?;
        self.labels = Some(labels);
        self.classes = classes;
        Ok(())
    }
}

/// The first-level folder of a relative path.
fn class_of(file: &Path) -> Option<&OsStr> {
    let mut parts = file.iter();
    parts.next().filter(|_| parts.next().is_some())
}

/// Collect the images below `folder`; `above` holds the real folders on the way down, so that a link cannot lead in circles.
fn walk(
    root: &Path,
    folder: &Path,
    above: &mut Vec<PathBuf>,
    files: &mut Vec<Box<Path>>,
) -> Result<()> {
    let real = folder.canonicalize().map_err(|e| Error::data(folder, e))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for entry in fs::read_dir(folder).map_err(|e| Error::data(folder, e))? {
        let entry = entry.map_err(|e| Error::data(folder, e))?;
        let (path, name) = (entry.path(), entry.file_name());
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(|e| Error::data(&path, e))?;
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
            walk(root, &path, above, files)?;
        } else if is_image(&path) && (kind.is_file() || path.is_file()) {
            files.push(path.strip_prefix(root).unwrap_or(&path).into());
        }
    }
    above.pop();
    Ok(())
}

/// The content of a file of reasonable size.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > MAX_FILE {
        return Err(io::Error::other(format!(
            "{length} bytes are too many for one image; scale it down"
        )));
    }
    let mut bytes = Vec::with_capacity(length as usize + 1);
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_image(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(OsStr::to_str)
        .map(str::to_lowercase);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

impl Dataset for Folder {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let path = self.root.join(&self.files[index]);
        let bytes = read(&path).map_err(|e| Error::data(&path, e))?;
        decode_within(&bytes, self.channels, self.white)
            .map_err(|problem| Error::data(&path, problem))
    }

    fn highest(&self, index: usize) -> Option<u16> {
        highest(&read(&self.root.join(&self.files[index])).ok()?)
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.labels.as_ref().map(|labels| labels[index])
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        self.files[index].display().to_string()
    }
}
