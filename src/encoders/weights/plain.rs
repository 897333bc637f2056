//! Files of safetensors: a header of names, shapes and places, then the numbers.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::contents::{Contents, Part, Plain, Value, number, product};
use super::pickle::Read;
use super::storage::words;

/// Bytes that a header may have: the limit of the format's own reader.
const LONGEST: u64 = 100_000_000;

/// Opened files that hold one table of tensors together.
pub(super) struct Shards {
    files: Vec<File>,
}

/// Open the `paths` and list what they hold together.
pub(super) fn open(paths: &[PathBuf]) -> Read<(Shards, Contents)> {
    let mut contents = Contents::default();
    contents.tables.insert(String::new());
    let mut files = Vec::new();
    for (i, path) in paths.iter().enumerate() {
        let of = |e: String| match paths.len() {
            1 => e,
            _ => format!("{}: {e}", path.display()),
        };
        let mut file = File::open(path).map_err(words).map_err(of)?;
        list(&mut file, i, &mut contents).map_err(of)?;
        files.push(file);
    }
    Ok((Shards { files }, contents))
}

/// Add what the header of `file`, number `i`, names.
fn list(file: &mut File, i: usize, contents: &mut Contents) -> Read<()> {
    let end = file.metadata().map_err(words)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length)
        .map_err(|_| "it is shorter than any file of safetensors")?;
    let length = u64::from_le_bytes(length);
    let start = length.saturating_add(8);
    if length > LONGEST || start > end {
        return Err(format!(
            "its header would have {length} bytes, and the file has {end}: it is cut short or no file of safetensors"
        ));
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(words)?;
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(|e| format!("its header is no table of tensors: {}", words(e)))?;
    for (name, info) in header.tensors() {
        let value = value(&name, info, (i, start, end))?;
        contents.values.insert(name, value);
    }
    let said: HashMap<String, String> = header.metadata().clone().unwrap_or_default();
    for (name, kept) in &said {
        // Tensors that share their numbers are written once, and the metadata say under which name.
        if let Some(value) = contents.values.get(kept).cloned()
            && !contents.values.contains_key(name)
        {
            let value = Value {
                name: name.clone(),
                ..value
            };
            contents.values.insert(name.clone(), value);
        }
    }
    contents.metadata.extend(said);
    Ok(())
}

/// The tensor of `info` in the file number `i`, whose numbers start at `start` and end before `end`.
fn value(name: &str, info: &TensorInfo, (i, start, end): (usize, u64, u64)) -> Read<Value> {
    let kind = kind_of(info.dtype);
    let (from, to) = info.data_offsets;
    let bits = product(&info.shape).and_then(|count| count.checked_mul(info.dtype.bitsize()));
    if bits.is_none_or(|bits| to.checked_sub(from) != Some(bits.div_ceil(8))) {
        return Err(format!(
            "`{name}` of shape {:?} in {kind} does not take the bytes {from} to {to}",
            info.shape
        ));
    }
    if start.saturating_add(to as u64) > end {
        return Err(format!(
            "it ends before the numbers of `{name}`: it was cut short"
        ));
    }
    let part = number(&kind).map(|number| {
        Part::Plain(Plain {
            file: i,
            kind: number,
            start: start + from as u64,
            dims: info.shape.clone(),
        })
    });
    Ok(Value {
        name: name.into(),
        dims: info.shape.clone(),
        kind,
        parts: part.into_iter().collect(),
    })
}

/// PyTorch's name of a kind of number.
fn kind_of(kind: Dtype) -> String {
    let name = match kind {
        Dtype::F64 => "float64",
        Dtype::F32 => "float32",
        Dtype::F16 => "float16",
        Dtype::BF16 => "bfloat16",
        Dtype::BOOL => "bool",
        Dtype::F8_E4M3 => "float8_e4m3fn",
        Dtype::F8_E5M2 => "float8_e5m2",
        Dtype::U8 => "uint8",
        Dtype::I8 => "int8",
        Dtype::I16 => "int16",
        Dtype::I32 => "int32",
        Dtype::I64 => "int64",
        other => return format!("{other:?}"),
    };
    name.into()
}

impl Shards {
    /// The tensor at `place`.
    pub(super) fn tensor(&mut self, place: &Plain) -> Read<Tensor> {
        let file = self.files.get_mut(place.file);
        let file = file.ok_or("it is in a file that was not opened")?;
        let count: usize = place.dims.iter().product();
        let bytes = count * place.kind.size_in_bytes();
        file.seek(SeekFrom::Start(place.start)).map_err(words)?;
        let mut held = Vec::new();
        file.take(bytes as u64)
            .read_to_end(&mut held)
            .map_err(words)?;
        if held.len() < bytes {
            return Err("its numbers end early".into());
        }
        Tensor::from_raw_buffer(&held, place.kind, &place.dims, &Device::Cpu).map_err(words)
    }
}

/// Whether a file that begins so has a header of a possible length.
pub(super) fn looks(head: &[u8]) -> bool {
    let length = head.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    head.get(8) == Some(&b'{') && length.is_some_and(|length| length <= LONGEST)
}

/// Whether `path` is named as a file of safetensors.
pub(super) fn is_named(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("safetensors"))
}
