//! Where the value of each key comes from.

use std::path::Path;

use serde::Serialize;
use toml::{Table, Value};

use super::Config;
use super::base::layers;
use super::presets::preset;
use super::read::parse;
use super::renamed::{rename, renamed};
use crate::error::Result;

/// A key with its value, and where that comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// Its whole path.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// `default`, `preset NAME`, `file PATH`, or `--set`.
    pub origin: String,
}

impl Config {
    /// Every key of [`Config::load`] of the same arguments, in the order of the alphabet.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn told(source: Option<&str>, sets: &[String]) -> Result<Vec<Told>> {
        let config = Self::load(source, sets)?;
        let source = source.unwrap_or("digits");
        let path = Path::new(source);
        let mut layers = match preset(source).filter(|_| !path.is_file()) {
            Some(text) => vec![(format!("preset {source}"), parse(text, source)?)],
            None => layers(path)?,
        };
        for (_, table) in &mut layers {
            rename(table);
        }
        let set: Vec<String> = sets
            .iter()
            .map(|set| renamed(set.split('=').next().unwrap_or_default().trim()))
            .collect();
        let leaves = config.leaves()?;
        let kinds = |part: &str| leaves.get(&format!("{part}.kind"));
        let told = leaves.iter().map(|(key, value)| {
            let inside = |set: &String| {
                let below =
                    |a: &str, b: &str| a.strip_prefix(b).is_some_and(|a| a.starts_with('.'));
                set == key || below(key, set) || below(set, key)
            };
            let origin = if set.iter().any(inside) {
                "--set".into()
            } else {
                let mut layers = layers.iter();
                let found = layers.find(|(_, table)| holds(table, key, &kinds));
                found.map_or_else(|| "default".into(), |(name, _)| name.clone())
            };
            Told {
                key: key.clone(),
                value: value.clone(),
                origin,
            }
        });
        Ok(told.collect())
    }
}

/// Whether `table` gives `key` a value that holds: not one of a part whose kind another layer has changed.
fn holds<'a>(table: &Table, key: &str, kinds: &impl Fn(&str) -> Option<&'a Value>) -> bool {
    let mut place = table;
    for (at, _) in key.match_indices('.') {
        let name = key[..at].rsplit('.').next().unwrap_or_default();
        let Some(Value::Table(inner)) = place.get(name) else {
            return false;
        };
        let kind = inner.get("kind");
        if kind.is_some() && kind != kinds(&key[..at]) {
            return false;
        }
        place = inner;
    }
    place.contains_key(key.rsplit('.').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_names_the_layer_that_it_comes_from()
    -> std::result::Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("mine.toml");
        std::fs::write(
            &file,
            "base = \"vicreg\"\n[train]\nepochs = 7\nslices = 2\n",
        )?;
        let path = file.to_string_lossy();
        let sets = ["encoder.kind=convnet".to_string(), "seed=3".into()];
        let told = Config::told(Some(&path), &sets)?;
        let of = |key: &str| {
            told.iter()
                .find(|told| told.key == key)
                .map(|told| told.origin.as_str())
        };
        assert_eq!(of("seed"), Some("--set"));
        assert_eq!(of("encoder.kind"), Some("--set"));
        assert_eq!(of("encoder.widths"), Some("default"));
        let own = format!("file {path}");
        assert_eq!(of("train.epochs"), Some(own.as_str()));
        assert_eq!(of("train.chunks"), Some(own.as_str()), "under its old name");
        assert_eq!(of("method"), Some("preset vicreg"));
        assert_eq!(of("probe.seeds"), Some("default"));
        Ok(())
    }
}
