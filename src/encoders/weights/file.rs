//! What a file of weights holds: tensors by their full names, read when they are asked for.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use candle_core::safetensors::{BufferedSafetensors, Load};
use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;

use super::contents::{Contents, Part, Value, number};
use super::pth::{self, Archive};
use crate::error::{Error, Result};

enum Source {
    Safetensors(BufferedSafetensors),
    Pth(RefCell<Archive>),
}

/// An opened file of weights.
pub(super) struct WeightFile {
    path: PathBuf,
    source: Source,
    /// What it holds.
    pub(super) contents: Contents,
}

impl WeightFile {
    /// Read the names and shapes of `path`: .safetensors, else what `torch.save` writes.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let named = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("safetensors"));
        let (source, contents) = if named {
            let bytes = std::fs::read(path)
                .map_err(|e| Error::data(path, format!("cannot be read: {e}")))?;
            let file = BufferedSafetensors::new(bytes).map_err(|e| refuse(path, &e))?;
            let contents = safetensors_contents(&file);
            (Source::Safetensors(file), contents)
        } else {
            let (archive, contents) = pth::open(path).map_err(|e| refuse(path, &e))?;
            (Source::Pth(RefCell::new(archive)), contents)
        };
        Ok(Self {
            path: path.to_path_buf(),
            source,
            contents,
        })
    }

    /// The numbers of `value` in 32-bit floats.
    pub(super) fn tensor(&self, value: &Value) -> Result<Tensor> {
        let read = |part: &Part| match (&self.source, part) {
            (Source::Safetensors(file), Part::Named(name)) => file.get(name)?.load(&Device::Cpu),
            (_, Part::Zeros(count)) => Tensor::zeros(*count, DType::F32, &Device::Cpu),
            (Source::Pth(archive), Part::Strided(place)) => archive.borrow_mut().tensor(place),
            _ => candle_core::bail!("a piece of another kind of file"),
        };
        let parts: Vec<Tensor> = value
            .parts
            .iter()
            .map(|part| read(part)?.to_dtype(DType::F32)?.contiguous())
            .collect::<candle_core::Result<_>>()
            .map_err(|e| {
                let what = first_line(&e);
                Error::data(
                    &self.path,
                    format!(
                        "`{}` cannot be read: {what}; the file may be cut short",
                        value.name
                    ),
                )
            })?;
        match parts.as_slice() {
            [whole] => Ok(whole.clone()),
            parts => Ok(Tensor::cat(parts, 0)?),
        }
    }
}

fn first_line(error: &candle_core::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_string()
}

fn refuse(path: &Path, error: &candle_core::Error) -> Error {
    Error::data(
        path,
        format!(
            "cannot be read as weights: {}; give a .safetensors file, or a .pth of torch.save (PyTorch 1.6 or later, \
             its usual pickle protocol): `torch.save(model.state_dict(), \"weights.pth\")`",
            first_line(error)
        ),
    )
}

fn safetensors_contents(file: &BufferedSafetensors) -> Contents {
    let mut contents = Contents::default();
    contents.tables.insert(String::new());
    for (name, view) in file.tensors() {
        let kind = match view.dtype() {
            Dtype::F64 => "float64".to_string(),
            Dtype::F32 => "float32".to_string(),
            Dtype::F16 => "float16".to_string(),
            Dtype::BF16 => "bfloat16".to_string(),
            Dtype::BOOL => "bool".to_string(),
            Dtype::F8_E4M3 => "float8_e4m3fn".to_string(),
            Dtype::F8_E5M2 => "float8_e5m2".to_string(),
            Dtype::U8 => "uint8".to_string(),
            Dtype::I8 => "int8".to_string(),
            Dtype::I16 => "int16".to_string(),
            Dtype::I32 => "int32".to_string(),
            Dtype::I64 => "int64".to_string(),
            other => format!("{other:?}"),
        };
        let parts = match number(&kind) {
            Some(_) => vec![Part::Named(name.clone())],
            None => Vec::new(),
        };
        let value = Value {
            name: name.clone(),
            dims: view.shape().to_vec(),
            kind,
            parts,
        };
        contents.values.insert(name, value);
    }
    contents
}
