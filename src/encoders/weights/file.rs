//! What a file of weights holds: tensors by their full names, read when they are asked for.

use std::cell::RefCell;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use super::contents::{Contents, Part, Value};
use super::pickle::Read;
use super::place;
use super::plain::{self, Shards};
use super::pth::{self, Archive, MARK};
use super::storage::words;
use crate::error::{Error, Result};

enum Source {
    Plain(Shards),
    Torch(Archive),
}

/// An opened file of weights, or several that hold one table together.
pub(super) struct WeightFile {
    path: PathBuf,
    source: RefCell<Source>,
    /// The files, all in one folder.
    pub(super) files: Vec<PathBuf>,
    /// What wrote it.
    pub(super) format: &'static str,
    /// What it holds.
    pub(super) contents: Contents,
}

impl WeightFile {
    /// Read the names and shapes of `path`: files of safetensors or `torch.save`, by what they hold and not by their names.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if let Err(e) = std::fs::metadata(path) {
            let problem = format!("{}: cannot be read: {e}", path.display());
            return Err(Error::Usage(problem));
        }
        let refused = |problem: String| refuse(path, &problem);
        let files = place::files(path)
            .map_err(|problem| Error::Usage(format!("{}: {problem}", path.display())))?;
        let (source, format, contents) = source(&files).map_err(refused)?;
        Ok(Self {
            path: path.to_path_buf(),
            source: RefCell::new(source),
            files,
            format,
            contents,
        })
    }

    /// The numbers of `value` in 32-bit floats.
    pub(super) fn tensor(&self, value: &Value) -> Result<Tensor> {
        let parts = value.parts.iter().map(|part| self.part(part));
        let parts: Vec<Tensor> = parts.collect::<Read<_>>().map_err(|what| {
            Error::Usage(format!(
                "{}: `{}` cannot be read: {what}; the file may be cut short",
                self.path.display(),
                value.name
            ))
        })?;
        match parts.as_slice() {
            [whole] => Ok(whole.clone()),
            parts => Ok(Tensor::cat(parts, 0)?),
        }
    }

    fn part(&self, part: &Part) -> Read<Tensor> {
        let tensor = match (&mut *self.source.borrow_mut(), part) {
            (Source::Plain(shards), Part::Plain(place)) => shards.tensor(place)?,
            (Source::Torch(archive), Part::Strided(place)) => archive.tensor(place)?,
            (_, Part::Zeros(count)) => {
                Tensor::zeros(*count, DType::F32, &Device::Cpu).map_err(words)?
            }
            _ => return Err("it is of another kind of file".into()),
        };
        let tensor = tensor.to_dtype(DType::F32).and_then(|t| t.contiguous());
        tensor.map_err(words)
    }
}

/// Open `files` by what the first starts with.
fn source(files: &[PathBuf]) -> Read<(Source, &'static str, Contents)> {
    let [first, ..] = files else {
        return Err("it names no file".into());
    };
    let head = head(first)?;
    // First of all: the length of a header may have the bytes that mark another file.
    if plain::looks(&head) {
        let (shards, contents) = plain::open(files)?;
        return Ok((Source::Plain(shards), "safetensors", contents));
    }
    if let Some(problem) = stranger(&head) {
        return Err(problem.into());
    }
    if head.starts_with(b"PK") {
        let (archive, contents) = pth::open_zip(first)?;
        return Ok((Source::Torch(archive), "torch.save (zip)", contents));
    }
    if head.starts_with(MARK) {
        let (archive, contents) = pth::open_plain(first)?;
        let format = "torch.save (before PyTorch 1.6, without a zip)";
        return Ok((Source::Torch(archive), format, contents));
    }
    if head.first() == Some(&0x80) {
        return Err("it is a pickle that torch.save did not write".into());
    }
    if plain::is_named(first) {
        let (shards, contents) = plain::open(files)?;
        return Ok((Source::Plain(shards), "safetensors", contents));
    }
    Err("it starts as none of the files that hold weights".into())
}

/// The first bytes of a file.
fn head(path: &Path) -> Read<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(words)?;
    let mut head = Vec::new();
    file.take(512).read_to_end(&mut head).map_err(words)?;
    Ok(head)
}

/// What a file is that often lies where weights were meant to.
fn stranger(head: &[u8]) -> Option<&'static str> {
    let start = head.trim_ascii_start().to_ascii_lowercase();
    let starts = |texts: &[&[u8]]| texts.iter().any(|text| start.starts_with(text));
    Some(if head.is_empty() {
        "it is empty"
    } else if starts(&[b"version https://git-lfs"]) {
        "it is a pointer of Git LFS and not the file itself: run `git lfs pull`"
    } else if starts(&[b"<!doctype", b"<html", b"<?xml"]) {
        "it is a web page, as a failed download leaves one"
    } else if head.starts_with(b"\x89HDF") {
        "it is a file of HDF5 (Keras), whose networks have other names"
    } else if head.get(257..262) == Some(b"ustar") {
        "it is a tar archive: unpack it first"
    } else if head.starts_with(b"\x1f\x8b") {
        "it is compressed by gzip: unpack it first"
    } else {
        return None;
    })
}

fn refuse(path: &Path, problem: &str) -> Error {
    Error::Usage(format!(
        "{}: cannot be read as weights: {problem}; give a .safetensors file, or a .pth of torch.save: \
         `torch.save(model.state_dict(), \"weights.pth\")`",
        path.display()
    ))
}
