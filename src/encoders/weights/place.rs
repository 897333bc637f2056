//! Which files are meant by a path: one, the shards of an index, what is in a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pickle::Read;
use super::plain::is_named;
use super::storage::words;

/// What says over which files weights are spread.
const INDEX: &str = ".index.json";

/// Names that programs save weights under in a folder of their own, the first found first.
const USUAL: [&str; 6] = [
    "model.safetensors.index.json",
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "diffusion_pytorch_model.safetensors",
];

/// The folder of a run's checkpoints.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// What a run keeps of the weights that it started from.
pub(super) const START: &str = "start.safetensors";

/// Endings of files of weights.
const ENDINGS: [&str; 6] = ["safetensors", "pth", "pt", "ckpt", "bin", "tar"];

/// Bytes of an index, of which the largest have some hundred thousand.
const LONGEST: u64 = 64 << 20;

/// Whether a file has the name that programs give weights in a folder of their own.
pub(super) fn is_usual(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    USUAL.contains(&name.as_ref()) || name.contains("-of-")
}

/// The files that hold the weights at `path`, one table together.
pub(super) fn files(path: &Path) -> Read<Vec<PathBuf>> {
    if path.is_dir() {
        return files(&in_folder(path)?);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(INDEX) {
        return shards(path);
    }
    if let Some(index) = index_of(path, &name) {
        return Err(format!(
            "is one of the files that weights are spread over; give {}, which names all of them",
            index.display()
        ));
    }
    Ok(vec![path.to_path_buf()])
}

/// The file of weights in a folder, as transformers or timm write one.
fn in_folder(folder: &Path) -> Read<PathBuf> {
    let usual = USUAL.iter().map(|name| folder.join(name));
    if let Some(found) = usual.into_iter().find(|path| path.is_file()) {
        return Ok(found);
    }
    if folder.join(CHECKPOINTS).is_dir() || folder.join(START).is_file() {
        return Err(
            "is the folder of a run; name the file model.safetensors of one of its checkpoints"
                .into(),
        );
    }
    let entries = std::fs::read_dir(folder).map_err(words)?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.is_file()
                && path
                    .extension()
                    .is_some_and(|e| ENDINGS.iter().any(|known| e == *known))
        })
        .collect();
    found.sort();
    let names: Vec<String> = found
        .iter()
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(
            "is a folder without a file of weights (.safetensors, .pth, .pt, .ckpt, .bin)".into(),
        ),
        _ => Err(format!(
            "is a folder with several files of weights; name one of them: {}",
            super::words::some(&names)
        )),
    }
}

/// The index beside a file that is named as one of several: `model-00001-of-00002.safetensors`.
fn index_of(path: &Path, name: &str) -> Option<PathBuf> {
    let (start, ending) = name.rsplit_once('.')?;
    let (start, of) = start.rsplit_once("-of-")?;
    let (start, number) = start.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let index = path.with_file_name(format!("{start}.{ending}{INDEX}"));
    (is_number(of) && is_number(number) && index.is_file()).then_some(index)
}

/// The files that an index names, all beside it.
fn shards(index: &Path) -> Read<Vec<PathBuf>> {
    let bytes = std::fs::metadata(index).map_err(words)?.len();
    if bytes > LONGEST {
        return Err(format!("has {bytes} bytes, too many for an index of files"));
    }
    let text = std::fs::read_to_string(index).map_err(words)?;
    let read: Value = serde_json::from_str(&text).map_err(words)?;
    let Some(map) = read.get("weight_map").and_then(Value::as_object) else {
        return Err("has no `weight_map`, so it names no files of weights".into());
    };
    let names: Option<BTreeSet<&str>> = map.values().map(Value::as_str).collect();
    let names = names.ok_or("names a file that is no text")?;
    let outside = names
        .iter()
        .find(|name| Path::new(name).file_name() != Some(name.as_ref()));
    if let Some(outside) = outside {
        return Err(format!("names `{outside}`, which is not a file beside it"));
    }
    let files: Vec<PathBuf> = names
        .iter()
        .map(|name| index.with_file_name(name))
        .collect();
    if let Some(gone) = files.iter().find(|file| !file.is_file()) {
        return Err(format!("names {}, which is not there", gone.display()));
    }
    if files.len() > 1 && !files.iter().all(|file| is_named(file)) {
        return Err(
            "spreads weights over several files of torch.save; save them as safetensors: \
                    `model.save_pretrained(\"folder\")`"
                .into(),
        );
    }
    Ok(files)
}
