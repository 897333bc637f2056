//! What ravine itself wrote about a network: the metadata of an exported file, the configuration of a checkpoint's run.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::file::WeightFile;
use super::place::{CHECKPOINTS, START};

/// The key of an exported file's metadata with the table `encoder` as JSON.
pub(crate) const SETTINGS: &str = "encoder settings";

/// What says so, with the table `augment` or what stands for it.
pub(super) fn pictures(file: &WeightFile) -> Option<(Map<String, Value>, String)> {
    let said = &file.contents.metadata;
    if said.contains_key("mean") && said.contains_key("std") {
        let parsed = said.iter().filter_map(|(key, text)| {
            let value = serde_json::from_str(text).ok()?;
            Some((key.clone(), value))
        });
        return Some((parsed.collect(), "its metadata".into()));
    }
    let (config, path) = of_run(file)?;
    let augment = config.get("augment")?.as_object()?.clone();
    Some((augment, path.display().to_string()))
}

/// The table `encoder`, without the weights that it started from.
pub(super) fn encoder(file: &WeightFile) -> Option<Value> {
    let said = file.contents.metadata.get(SETTINGS);
    let said = said.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut table = said.or_else(|| of_run(file)?.0.get("encoder").cloned())?;
    let settings = table.as_object_mut()?;
    for key in ["weights", "weights_key", "drop_path"] {
        settings.remove(key);
    }
    Some(table)
}

/// The configuration of the run whose checkpoint or start `file` is, and where it lies.
fn of_run(file: &WeightFile) -> Option<(Value, PathBuf)> {
    let first = file.files.first()?;
    let folder = first.parent()?;
    let above = folder.parent().filter(|above| above.ends_with(CHECKPOINTS));
    let root = if first.ends_with(START) {
        Some(folder)
    } else {
        above.and_then(Path::parent)
    };
    let path = root?.join("config.toml");
    let text = std::fs::read_to_string(&path).ok()?;
    let config: toml::Table = toml::from_str(&text).ok()?;
    Some((serde_json::to_value(config).ok()?, path))
}
