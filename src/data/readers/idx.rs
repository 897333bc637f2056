//! IDX files: MNIST, Fashion-MNIST, KMNIST, EMNIST, plain or gzipped.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use schemars::JsonSchema;

use super::positional::Bytes;
use super::reader::{Parts, Reader, Request};
use crate::data::dataset::Dataset;
use crate::data::decode::MAX_SIDE;
use crate::data::image::Image;
use crate::data::part::Part;
use crate::error::{Error, Result};

const IMAGES: u32 = 0x0803; // unsigned bytes, 3 dimensions
const LABELS: u32 = 0x0801; // unsigned bytes, 1 dimension
const HEADER: u64 = 16; // of an images file
const LABELS_HEADER: u64 = 8;

/// Most bytes a gzipped file may unpack to; a larger one must be unpacked on disk, where it is streamed.
const MAX_UNPACKED: u64 = 4 << 30;

/// IDX files (MNIST and its family), plain or gzipped.
#[derive(JsonSchema)]
pub(super) struct IdxReader;

impl Reader for IdxReader {
    fn recognises(&self, source: &Path) -> Result<bool> {
        if source.is_dir() {
            return Ok(!image_files(source)?.is_empty());
        }
        Ok(is_idx(source))
    }

    fn stored_channels(&self) -> usize {
        1
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        let open = |(part, file): (Part, PathBuf)| -> Result<(Part, Arc<dyn Dataset>)> {
            Ok((part, Arc::new(Idx::open(&file, request.channels)?)))
        };
        parts(request.path)?.into_iter().map(open).collect()
    }
}

/// Whether the name of a file says that it holds IDX images.
pub(super) fn is_idx(path: &Path) -> bool {
    stem(path).contains("idx3")
}

/// Grey images of one size: plain files are read where asked, gzipped ones are unpacked once into memory.
#[derive(Debug)]
pub struct Idx {
    name: String,
    bytes: Bytes,
    count: usize,
    height: usize,
    width: usize,
    labels: Option<Vec<u8>>,
    classes: Vec<String>,
    channels: usize,
}

/// The image files of `root` (a folder, or one of the image files), by part; one for each.
fn parts(root: &Path) -> Result<Vec<(Part, PathBuf)>> {
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
fn image_files(folder: &Path) -> Result<Vec<PathBuf>> {
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

impl Idx {
    /// Open one images file and, when it lies beside it, its labels file.
    ///
    /// # Errors
    /// A wrong magic number, sizes that the file does not hold, or labels that do not match the images.
    pub fn open(images: &Path, channels: usize) -> Result<Self> {
        let (bytes, length, [count, height, width]) = open_images(images)?;
        let fits = height > 0 && width > 0 && height <= MAX_SIDE && width <= MAX_SIDE;
        let expected = u64::from(count)
            .checked_mul(u64::from(height) * u64::from(width))
            .and_then(|size| size.checked_add(HEADER));
        if !fits || expected != Some(length) {
            return Err(Error::data(
                images,
                format!(
                    "the header announces {count} images of {height}×{width}, but the file holds {length} bytes; it is \
                     truncated or corrupt, download it again"
                ),
            ));
        }
        let labels = labels_beside(images)
            .map(|path| read_labels(&path, count))
            .transpose()?;
        let top = labels.iter().flatten().max();
        let name = images.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            bytes,
            count: count as usize,
            height: height as usize,
            width: width as usize,
            classes: top.map_or_else(Vec::new, |&top| (0..=top).map(|c| c.to_string()).collect()),
            labels,
            channels,
        })
    }
}

/// The content, its length, and (count, height, width) of the header.
fn open_images(path: &Path) -> Result<(Bytes, u64, [u32; 3])> {
    let problem = |e| Error::data(path, format!("cannot read the IDX file: {e}"));
    let (bytes, length) = if gzipped(path) {
        let bytes = unpack(path)?;
        let length = bytes.len() as u64;
        (Bytes::Memory(bytes), length)
    } else {
        Bytes::open(path).map_err(problem)?
    };
    let mut header = [0; HEADER as usize];
    bytes.read_exact_at(&mut header, 0).map_err(problem)?;
    check_magic(path, word(&header, 0), IMAGES)?;
    Ok((bytes, length, [1, 2, 3].map(|i| word(&header, i))))
}

fn read_labels(path: &Path, count: u32) -> Result<Vec<u8>> {
    let expected = u64::from(count) + LABELS_HEADER;
    let mut bytes = if gzipped(path) {
        unpack(path)?
    } else {
        let file = File::open(path).map_err(|e| Error::data(path, e))?;
        let mut bytes = Vec::new();
        // One byte more than belongs there tells a longer file apart without reading all of it.
        file.take(expected + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::data(path, e))?;
        bytes
    };
    if bytes.len() >= LABELS_HEADER as usize {
        check_magic(path, word(&bytes, 0), LABELS)?;
    }
    if bytes.len() as u64 != expected || word(&bytes, 1) != count {
        return Err(Error::data(
            path,
            format!(
                "this labels file does not hold exactly {count} labels, one an image; it is truncated or of another set"
            ),
        ));
    }
    Ok(bytes.split_off(LABELS_HEADER as usize))
}

/// The whole content of a gzipped file; memory grows with what is really there, not with what a header claims.
fn unpack(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| Error::data(path, e))?;
    let mut bytes = Vec::new();
    GzDecoder::new(file)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::data(path, format!("cannot unpack it ({e}); download it again")))?;
    if bytes.len() as u64 > MAX_UNPACKED {
        return Err(Error::data(
            path,
            "unpacks to more than 4 GiB; run gunzip on it, plain files are streamed",
        ));
    }
    Ok(bytes)
}

fn check_magic(path: &Path, found: u32, expected: u32) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::data(
        path,
        format!(
            "starts with {found:#010x} where an IDX file has {expected:#010x}; it is another format or corrupt"
        ),
    ))
}

fn word(bytes: &[u8], i: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[4 * i..4 * i + 4]);
    u32::from_be_bytes(word)
}

fn gzipped(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

/// `train-labels-idx1-ubyte[.gz]` beside `train-images-idx3-ubyte[.gz]`.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let name = name.replace("images", "labels").replace("idx3", "idx1");
    let plain = name.trim_end_matches(".gz");
    [plain.to_string(), format!("{plain}.gz")]
        .into_iter()
        .map(|name| images.with_file_name(name))
        .find(|path| path.is_file())
}

impl Dataset for Idx {
    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, index: usize) -> Result<Image> {
        let size = self.height * self.width;
        let mut pixels = vec![0; size];
        self.bytes
            .read_exact_at(&mut pixels, HEADER + index as u64 * size as u64)
            .map_err(|e| Error::data(&self.name, format!("cannot read image {index}: {e}")))?;
        Ok(Image {
            width: self.width,
            height: self.height,
            channels: 1,
            pixels,
        }
        .with_channels(self.channels))
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.labels.as_ref().map(|labels| u32::from(labels[index]))
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        format!("{}#{index}", self.name)
    }
}
