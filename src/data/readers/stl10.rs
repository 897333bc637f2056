//! STL-10 in the binary version of its authors (Coates, Ng & Lee 2011).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::class_names::listed;
use super::positional::Bytes;
use super::reader::{Parts, Reader, Request, one_part};
use crate::data::dataset::Dataset;
use crate::data::image::Image;
use crate::data::part::Part;
use crate::data::starts::Starts;
use crate::error::{Error, Result};

const SIDE: usize = 96;
const PLANE: usize = SIDE * SIDE;
const PIXELS: usize = 3 * PLANE;

const CLASSES: [&str; 10] = [
    "airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck",
];

const TRAIN: &str = "train_X.bin";
const UNLABELED: &str = "unlabeled_X.bin";
const TEST: &str = "test_X.bin";

/// STL-10 in its binary version, with its unlabeled images.
#[derive(JsonSchema)]
pub(super) struct Stl10Reader;

impl Reader for Stl10Reader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(if source.is_dir() {
            folder(source).is_some()
        } else {
            [TRAIN, UNLABELED, TEST]
                .iter()
                .any(|name| source.ends_with(name))
        })
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let (path, channels) = (request.path, request.channels);
        if path.is_file() {
            return Ok(one_part(Stl10::open(&[path.to_path_buf()], channels)?));
        }
        let Some(folder) = folder(path) else {
            return Err(Error::data(
                path,
                "no train_X.bin and no unlabeled_X.bin in this folder",
            ));
        };
        let train = present(&folder, &[TRAIN, UNLABELED]);
        let mut parts = one_part(Stl10::open(&train, channels)?);
        let test = present(&folder, &[TEST]);
        if !test.is_empty() {
            parts.push((Part::Test, Arc::new(Stl10::open(&test, channels)?)));
        }
        Ok(parts)
    }
}

/// The folder below `root` that holds training images.
fn folder(root: &Path) -> Option<PathBuf> {
    let folders = [root.to_path_buf(), root.join("stl10_binary")];
    let mut folders = folders.into_iter();
    folders.find(|folder| !present(folder, &[TRAIN, UNLABELED]).is_empty())
}

fn present(folder: &Path, names: &[&str]) -> Vec<PathBuf> {
    let paths = names.iter().map(|name| folder.join(name));
    paths.filter(|path| path.is_file()).collect()
}

/// Colour images of 96×96 without a header: planes R, G, B, each column after column from left to right.
///
/// Labels 1 to 10 are read at opening from the file `…_y.bin` beside the images, pixels when asked for; images of
/// `unlabeled_X.bin` have no label.
#[derive(Debug)]
pub struct Stl10 {
    files: Vec<(String, Bytes)>,
    starts: Starts,          // of the files
    labels: Vec<Option<u8>>, // from 0, of the images up to the last labelled one
    classes: Vec<String>,
    channels: usize,
    notes: Vec<String>,
}

impl Stl10 {
    /// Open the files of one part.
    ///
    /// # Errors
    /// A file that cannot be read, whose size is not a whole number of images, or labels that do not fit its images.
    pub fn open(files: &[PathBuf], channels: usize) -> Result<Self> {
        let mut set = Self {
            files: Vec::new(),
            starts: Starts::new(),
            labels: Vec::new(),
            classes: Vec::new(),
            channels,
            notes: Vec::new(),
        };
        for path in files {
            set.add(path)?;
        }
        if let Some(first) = files.first().filter(|_| !set.labels.is_empty()) {
            let names = listed(&first.with_file_name("class_names.txt"), CLASSES.len())?;
            set.classes = names.unwrap_or_else(|| CLASSES.map(String::from).to_vec());
        }
        Ok(set)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let (bytes, length) = Bytes::open(path).map_err(|e| Error::data(path, e))?;
        if length == 0 || length % PIXELS as u64 != 0 {
            return Err(Error::data(
                path,
                format!(
                    "{length} bytes are not a whole number of {PIXELS}-byte images; the file is truncated or not \
                     STL-10 binary, download it again"
                ),
            ));
        }
        let count = (length / PIXELS as u64) as usize;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let labels = path.with_file_name(name.replace("_X.", "_y."));
        if labels != path && labels.is_file() {
            self.labels.resize(self.starts.total(), None);
            self.labels.extend(read_labels(&labels, count)?);
        } else if name != UNLABELED {
            self.notes.push(format!(
                "the {count} images of {name} have no label: there is no {} beside it",
                labels.file_name().unwrap_or_default().display()
            ));
        }
        self.files.push((name.into_owned(), bytes));
        self.starts.push(count);
        Ok(())
    }

    fn locate(&self, index: usize) -> (&(String, Bytes), usize) {
        let (file, row) = self.starts.locate(index);
        (&self.files[file], row)
    }
}

/// The labels of `count` images, counted from 0.
fn read_labels(path: &Path, count: usize) -> Result<Vec<Option<u8>>> {
    let length = fs::metadata(path).map_err(|e| Error::data(path, e))?.len();
    if length != count as u64 {
        return Err(Error::data(
            path,
            format!(
                "{length} labels for {count} images; the file is truncated or of another set, download it again"
            ),
        ));
    }
    let labels = fs::read(path).map_err(|e| Error::data(path, e))?;
    let labels = labels.into_iter().enumerate().map(|(i, label)| {
        let known = (1..=CLASSES.len() as u8).contains(&label);
        known.then(|| Some(label - 1)).ok_or_else(|| {
            let problem = format!(
                "label {label} of image {i} is not between 1 and 10; this is not STL-10 binary"
            );
            Error::data(path, problem)
        })
    });
    labels.collect()
}

impl Dataset for Stl10 {
    fn len(&self) -> usize {
        self.starts.total()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let ((name, bytes), row) = self.locate(index);
        let mut planes = vec![0; PIXELS];
        bytes
            .read_exact_at(&mut planes, row as u64 * PIXELS as u64)
            .map_err(|e| Error::data(name, format!("cannot read image {row}: {e}")))?;
        let mut pixels = Vec::with_capacity(PIXELS);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let at = x * SIDE + y; // columns lie one after the other
                pixels.extend([planes[at], planes[PLANE + at], planes[2 * PLANE + at]]);
            }
        }
        let image = Image {
            width: SIDE,
            height: SIDE,
            channels: 3,
            pixels: pixels.into(),
        };
        let image = image.with_channels(self.channels);
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.labels.get(index).copied().flatten().map(u32::from)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        let ((name, _), row) = self.locate(index);
        format!("{name}#{row}")
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}
