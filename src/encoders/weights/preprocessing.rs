//! What the pictures were like that a file of weights was trained on, where it or a file beside it says so.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::file::WeightFile;
use super::own;
use super::place::is_usual;
use crate::error::Result;

/// Bytes of a file of settings that are read.
const LONGEST: u64 = 16 << 20;

/// What is done to pictures before a network sees them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preprocessing {
    /// Mean of each channel, on values in [0, 1].
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, on values in [0, 1].
    pub std: Vec<f32>,
    /// Side of the pictures in pixels.
    pub size: Option<usize>,
    /// Filter of the resize, for example `bicubic`.
    pub interpolation: Option<String>,
    /// What says so: a table of the file, or the file beside it.
    pub source: String,
}

/// What the file or folder of weights `path`, or a file beside it, says of the pictures; `None` when nothing does.
///
/// Read are a table with `mean` and `std` in a checkpoint (lightly-train's `normalize_args`), the metadata of a file that
/// `ravine export` wrote, the configuration of the run whose checkpoint it is, and beside a file that has
/// the usual name in a folder of its own: `preprocessor_config.json` (transformers), `config.json` (timm),
/// `open_clip_config.json`. Names of parameters say nothing: the same networks were trained with several.
///
/// # Errors
/// The file of weights cannot be read.
pub fn preprocessing(path: &Path) -> Result<Option<Preprocessing>> {
    Ok(of_file(path, &WeightFile::open(path)?))
}

/// As [`preprocessing`], of an opened file.
pub(super) fn of_file(path: &Path, file: &WeightFile) -> Option<Preprocessing> {
    within(file).or_else(|| of_ravine(file)).or_else(|| {
        let first = file.files.first()?;
        if !path.is_dir() && !is_usual(first) {
            return None;
        }
        beside(first)
    })
}

/// What ravine wrote: the metadata of an exported file, the configuration of a checkpoint's run.
fn of_ravine(file: &WeightFile) -> Option<Preprocessing> {
    let (said, source) = own::pictures(file)?;
    let (mean, std) = (numbers(said.get("mean")?)?, numbers(said.get("std")?)?);
    let size = said.get("size").and_then(Value::as_u64);
    Some(Preprocessing {
        size: size.map(|side| side as usize),
        ..sound(&mean, &std, source)?
    })
}

/// A table of the checkpoint with both.
fn within(file: &WeightFile) -> Option<Preprocessing> {
    let numbers = &file.contents.numbers;
    let tables = numbers.keys().filter_map(|name| name.strip_suffix("mean"));
    let mut found = tables.filter_map(|table| {
        let (mean, std) = (
            &numbers[&format!("{table}mean")],
            numbers.get(&format!("{table}std"))?,
        );
        let source = format!("`{}` in it", table.trim_end_matches('.'));
        sound(mean, std, source)
    });
    found.next()
}

/// Mean and deviation that can be used; anything else is none.
fn sound(mean: &[f64], std: &[f64], source: String) -> Option<Preprocessing> {
    let fits = !mean.is_empty() && mean.len() == std.len();
    let positive = std.iter().all(|std| *std > 0.0 && *std <= 1.0);
    let within = mean.iter().all(|mean| (0.0..=1.0).contains(mean));
    (fits && positive && within).then(|| Preprocessing {
        mean: mean.iter().map(|&x| x as f32).collect(),
        std: std.iter().map(|&x| x as f32).collect(),
        size: None,
        interpolation: None,
        source,
    })
}

fn beside(file: &Path) -> Option<Preprocessing> {
    type Reader = fn(&Value) -> Option<Preprocessing>;
    let kinds: [(&str, Reader); 3] = [
        ("preprocessor_config.json", transformers),
        ("config.json", timm),
        ("open_clip_config.json", open_clip),
    ];
    kinds.iter().find_map(|(name, reader)| {
        let path = file.with_file_name(name);
        let mut found = reader(&json(&path)?)?;
        found.source = path.display().to_string();
        Some(found)
    })
}

/// What the file of settings `path` holds; `None` where there is none.
pub(super) fn json(path: &Path) -> Option<Value> {
    let small = std::fs::metadata(path).is_ok_and(|file| file.len() <= LONGEST);
    let text = small.then(|| std::fs::read_to_string(path).ok())??;
    serde_json::from_str(&text).ok()
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// `image_mean`, `image_std`, `size`, `resample` of transformers.
fn transformers(settings: &Value) -> Option<Preprocessing> {
    let off = |key: &str| settings.get(key) == Some(&Value::Bool(false));
    let scale = settings.get("rescale_factor").and_then(Value::as_f64);
    // Values that are not brought to [0, 1] first have other means.
    if off("do_normalize")
        || off("do_rescale")
        || scale.is_some_and(|s| (s * 255.0 - 1.0).abs() > 1e-6)
    {
        return None;
    }
    let (mean, std) = (
        numbers(settings.get("image_mean")?)?,
        numbers(settings.get("image_std")?)?,
    );
    let side = |size: &Value| {
        let keys = ["height", "shortest_edge"];
        let within = keys.iter().find_map(|key| size.get(key)?.as_u64());
        size.as_u64().or(within)
    };
    let crop = settings.get("crop_size").filter(|_| !off("do_center_crop"));
    let size = crop
        .and_then(side)
        .or_else(|| settings.get("size").and_then(side));
    let filters = ["nearest", "lanczos", "bilinear", "bicubic"];
    let filter = settings.get("resample").and_then(Value::as_u64);
    let filter = filter.and_then(|number| filters.get(number as usize));
    Some(Preprocessing {
        size: size.map(|side| side as usize),
        interpolation: filter.map(ToString::to_string),
        ..sound(&mean, &std, String::new())?
    })
}

/// `pretrained_cfg` of timm.
fn timm(settings: &Value) -> Option<Preprocessing> {
    let own = settings.get("pretrained_cfg")?;
    let size = own.get("input_size").and_then(|size| size.get(1)?.as_u64());
    common(own, size)
}

/// `preprocess_cfg` of OpenCLIP.
fn open_clip(settings: &Value) -> Option<Preprocessing> {
    let own = settings.get("preprocess_cfg")?;
    let size = own.get("size");
    common(
        own,
        size.and_then(|size| size.as_u64().or_else(|| size.get(0)?.as_u64())),
    )
}

fn common(own: &Value, size: Option<u64>) -> Option<Preprocessing> {
    let (mean, std) = (numbers(own.get("mean")?)?, numbers(own.get("std")?)?);
    let filter = own.get("interpolation").and_then(Value::as_str);
    Some(Preprocessing {
        size: size.map(|side| side as usize),
        interpolation: filter.map(String::from),
        ..sound(&mean, &std, String::new())?
    })
}

impl std::fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mean {:?}, std {:?}", self.mean, self.std)?;
        if let Some(size) = self.size {
            write!(f, ", {size} pixels")?;
        }
        if let Some(filter) = &self.interpolation {
            write!(f, ", {filter}")?;
        }
        write!(f, " (from {})", self.source)
    }
}
