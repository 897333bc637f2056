//! safetensors: a matrix `embeddings`, or the only one; ids, parts and classes from the metadata that `ravine embed` writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use ::safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::beside;
use crate::data::npy::Kind;
use crate::embeddings::filling::{Filling, ROWS};
use crate::error::{Error, Result};

/// Longer than any header that readers of the format take.
const MAX_HEADER: u64 = 100_000_000;

pub(super) fn read(path: &Path, column: Option<&str>, into: &mut Filling) -> Result<()> {
    let broken = |e: &dyn std::fmt::Display| {
        Error::data(
            path,
            format!("not a complete safetensors file ({e}); write it again"),
        )
    };
    let mut file = BufReader::new(File::open(path).map_err(|e| Error::data(path, e))?);
    let mut header = vec![0; 8];
    file.read_exact(&mut header).map_err(|e| broken(&e))?;
    let length = u64::from_le_bytes(header[..8].try_into().unwrap_or_default());
    if length > MAX_HEADER {
        return Err(broken(&format!("a header of {length} bytes")));
    }
    header.resize(8 + length as usize, 0);
    file.read_exact(&mut header[8..]).map_err(|e| broken(&e))?;
    let metadata: Metadata = serde_json::from_slice(&header[8..]).map_err(|e| broken(&e))?;
    let start = header.len() as u64;
    let there = std::fs::metadata(path).map_err(|e| broken(&e))?.len();
    if there != start + metadata.data_len() as u64 {
        return Err(broken(&format!(
            "{there} bytes are not what its header announces"
        )));
    }
    let name = choose(&metadata, column, into)?;
    let tensors = metadata.tensors();
    let info = tensors[&name];
    if info.shape[0] == 0 {
        return Ok(());
    }
    let dim: usize = info.shape[1..].iter().product();
    numbers(&mut file, start, info, |values| into.append(&values, dim))
        .map_err(|e| broken(&e))??;
    let words = metadata.metadata().clone().unwrap_or_default();
    if let Some(about) = words.get("ravine") {
        into.about(about);
    }
    if let Some(beside) = words
        .get("ids_file")
        .and_then(|name| Path::new(name).file_name())
    {
        return beside::read(&path.with_file_name(beside), into);
    }
    marks(&words, into);
    if let Some(info) = tensors
        .get("labels")
        .filter(|info| info.dtype == Dtype::I64)
    {
        labels(&mut file, start, info, &words, into).map_err(|e| broken(&e))?;
    }
    Ok(())
}

/// The name of the matrix.
fn choose(metadata: &Metadata, column: Option<&str>, into: &Filling) -> Result<String> {
    let tensors = metadata.tensors();
    let usable = |info: &TensorInfo| kind(info.dtype).is_some() && info.shape.len() > 1;
    let mut names: Vec<&String> = tensors
        .keys()
        .filter(|name| usable(tensors[*name]))
        .collect();
    names.sort_unstable();
    let wanted = column.unwrap_or("embeddings");
    let found = names.iter().find(|name| **name == wanted);
    match (found, names.as_slice(), column) {
        (Some(name), ..) => Ok((*name).clone()),
        (None, [only], None) => Ok((*only).clone()),
        (None, [], _) => Err(into.broken("holds no matrix of floating-point numbers")),
        (None, several, _) => {
            let all: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            let all = all.join(", ");
            Err(into.broken(format!(
                "has no `{wanted}`; choose one of its matrices with --column: {all}"
            )))
        }
    }
}

/// How floating-point numbers are stored, where they are; those of bfloat16 are the upper halves of others.
fn kind(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F16 => Kind::new(b'f', 2, false),
        Dtype::F32 | Dtype::BF16 => Kind::new(b'f', 4, false),
        Dtype::F64 => Kind::new(b'f', 8, false),
        _ => None,
    }
}

/// Hand on the rows of a matrix, some at a time.
fn numbers(
    file: &mut (impl Read + Seek),
    start: u64,
    info: &TensorInfo,
    mut append: impl FnMut(Vec<f32>) -> Result<()>,
) -> std::io::Result<Result<()>> {
    let Some(kind) = kind(info.dtype) else {
        return Ok(Ok(()));
    };
    let size = if info.dtype == Dtype::BF16 {
        2
    } else {
        kind.size
    };
    let row = size * info.shape[1..].iter().product::<usize>();
    file.seek(SeekFrom::Start(start + info.data_offsets.0 as u64))?;
    for first in (0..info.shape[0]).step_by(ROWS) {
        let mut part = vec![0; ROWS.min(info.shape[0] - first) * row];
        file.read_exact(&mut part)?;
        let number = |bytes: &[u8]| match bytes {
            [low, high] if info.dtype == Dtype::BF16 => f32::from_le_bytes([0, 0, *low, *high]),
            bytes => kind.number(bytes) as f32,
        };
        if let Err(error) = append(part.chunks_exact(size).map(number).collect()) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Ids and parts, lists in the metadata.
fn marks(words: &HashMap<String, String>, into: &mut Filling) {
    if let Some(ids) = list(words, "ids") {
        into.ids = ids.into_iter().map(Option::unwrap_or_default).collect();
    }
    for part in list(words, "parts").unwrap_or_default() {
        into.parts.push(part.as_deref());
    }
}

fn list(words: &HashMap<String, String>, key: &str) -> Option<Vec<Option<String>>> {
    serde_json::from_str(words.get(key)?).ok()
}

/// The classes of labels, or their numbers where classes have no name.
fn labels(
    file: &mut (impl Read + Seek),
    start: u64,
    info: &TensorInfo,
    words: &HashMap<String, String>,
    into: &mut Filling,
) -> std::io::Result<()> {
    let names = list(words, "classes").unwrap_or_default();
    file.seek(SeekFrom::Start(start + info.data_offsets.0 as u64))?;
    for _ in 0..into.rows().min(info.shape.iter().product()) {
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes)?;
        let label = usize::try_from(i64::from_le_bytes(bytes)).ok();
        let name = label.map(|label| match names.get(label) {
            Some(Some(name)) => name.clone(),
            _ => label.to_string(),
        });
        into.classes.push(name.as_deref());
    }
    Ok(())
}
