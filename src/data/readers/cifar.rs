//! CIFAR-10 and CIFAR-100 in the binary version of their authors (Krizhevsky 2009).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;

use super::class_names::listed;
use super::idx::is_idx;
use super::positional::Bytes;
use super::reader::{Parts, Reader, Request, has_extension, one_part};
use crate::data::dataset::Dataset;
use crate::data::image::Image;
use crate::data::part::Part;
use crate::data::starts::Starts;
use crate::error::{Error, Result};

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;

const CIFAR10: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// CIFAR-10 or CIFAR-100 in its binary version.
#[derive(JsonSchema)]
pub(super) struct CifarReader;

impl Reader for CifarReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(if source.is_dir() {
            parts(source).is_some()
        } else {
            has_extension(source, "bin") && !is_idx(source)
        })
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let (path, channels) = (request.path, request.channels);
        if path.is_file() {
            return Ok(one_part(Cifar::open(&[path.to_path_buf()], channels)?));
        }
        let Some((train, test)) = parts(path) else {
            return Err(Error::data(
                path,
                "no data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100) in this folder",
            ));
        };
        let mut parts = one_part(Cifar::open(&train, channels)?);
        if !test.is_empty() {
            parts.push((Part::Test, Arc::new(Cifar::open(&test, channels)?)));
        }
        Ok(parts)
    }
}

/// Records of one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then 3,072 bytes of planes R, G, B.
///
/// Labels are read at opening, pixels when asked for. CIFAR-100 uses the 100 fine labels.
#[derive(Debug)]
pub struct Cifar {
    files: Vec<(String, Bytes)>,
    starts: Starts, // of the files
    head: usize,    // label bytes before the pixels of a record
    labels: Vec<u8>,
    classes: Vec<String>,
    channels: usize,
}

/// The files of the training and the test part below `root`, when it holds some.
fn parts(root: &Path) -> Option<(Vec<PathBuf>, Vec<PathBuf>)> {
    let folders = ["", "cifar-10-batches-bin", "cifar-100-binary"];
    folders.iter().map(|name| root.join(name)).find_map(|dir| {
        let present = |names: &[String]| -> Vec<PathBuf> {
            let paths = names.iter().map(|name| dir.join(name));
            paths.filter(|path| path.is_file()).collect()
        };
        let batches: Vec<String> = (1..=5).map(|i| format!("data_batch_{i}.bin")).collect();
        let ten = (present(&batches), present(&["test_batch.bin".into()]));
        let hundred = (
            present(&["train.bin".into()]),
            present(&["test.bin".into()]),
        );
        [ten, hundred]
            .into_iter()
            .find(|(train, _)| !train.is_empty())
    })
}

impl Cifar {
    /// Open the files of one part, all of the same version.
    ///
    /// # Errors
    /// A file that cannot be read, whose size is not a whole number of records, or whose labels are out of range.
    pub fn open(files: &[PathBuf], channels: usize) -> Result<Self> {
        let hundred = files.iter().any(|path| {
            let name = path.file_name().unwrap_or_default();
            name == "train.bin" || name == "test.bin"
        });
        let head = if hundred { 2 } else { 1 };
        let mut set = Self {
            files: Vec::new(),
            starts: Starts::new(),
            head,
            labels: Vec::new(),
            classes: class_names(files, hundred)?,
            channels,
        };
        for path in files {
            set.add(path)?;
        }
        Ok(set)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let (bytes, length) = Bytes::open(path).map_err(|e| Error::data(path, e))?;
        let record = (self.head + PIXELS) as u64;
        if length == 0 || length % record != 0 {
            return Err(Error::data(
                path,
                format!(
                    "{length} bytes are not a whole number of {record}-byte records; the file is truncated or not \
                     CIFAR-{} binary, download it again",
                    self.classes.len()
                ),
            ));
        }
        for i in 0..length / record {
            let mut label = [0];
            bytes
                .read_exact_at(&mut label, i * record + self.head as u64 - 1)
                .map_err(|e| Error::data(path, e))?;
            if usize::from(label[0]) >= self.classes.len() {
                return Err(Error::data(
                    path,
                    format!(
                        "record {i} has label {}, above the {} classes; this is not a CIFAR binary file",
                        label[0],
                        self.classes.len()
                    ),
                ));
            }
            self.labels.push(label[0]);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.files.push((name.into_owned(), bytes));
        self.starts.push((length / record) as usize);
        Ok(())
    }

    fn locate(&self, index: usize) -> (&(String, Bytes), usize) {
        let (file, row) = self.starts.locate(index);
        (&self.files[file], row)
    }
}

fn class_names(files: &[PathBuf], hundred: bool) -> Result<Vec<String>> {
    let (list, count) = if hundred {
        ("fine_label_names.txt", 100)
    } else {
        ("batches.meta.txt", 10)
    };
    let list = files.first().map(|path| path.with_file_name(list));
    let names = list.map(|list| listed(&list, count)).transpose()?.flatten();
    Ok(names.unwrap_or_else(|| {
        if hundred {
            (0..100).map(|i| i.to_string()).collect()
        } else {
            CIFAR10.map(String::from).to_vec()
        }
    }))
}

impl Dataset for Cifar {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let ((name, bytes), row) = self.locate(index);
        let mut planes = [0; PIXELS];
        let offset = row * (self.head + PIXELS) + self.head;
        bytes
            .read_exact_at(&mut planes, offset as u64)
            .map_err(|e| Error::data(name, format!("cannot read record {row}: {e}")))?;
        let (red, rest) = planes.split_at(SIDE * SIDE);
        let (green, blue) = rest.split_at(SIDE * SIDE);
        let rgb = red.iter().zip(green).zip(blue);
        let image = Image {
            width: SIDE,
            height: SIDE,
            channels: 3,
            pixels: rgb.flat_map(|((&r, &g), &b)| [r, g, b]).collect(),
        };
        let image = image.with_channels(self.channels);
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn label(&self, index: usize) -> Option<u32> {
        Some(u32::from(self.labels[index]))
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        let ((name, _), row) = self.locate(index);
        format!("{name}#{row}")
    }
}
