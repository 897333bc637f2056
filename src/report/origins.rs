//! Where each value of a run's configuration comes from.

use crate::config::{Config, PRESETS};
use crate::error::Result;

/// Keys that a run fills in from its data where nobody gives them.
const MEASURED: [&str; 4] = ["data.channels", "augment.mean", "augment.std", "answers"];

/// One key of a configuration.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) key: String,
    /// As TOML.
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody gave one.
    Default,
    /// A preset of this name has it, and the default is another.
    Preset(&'static str),
    /// Neither has it: a file, an argument, or what was fitted to the data.
    Run,
    /// The data.
    Data,
}

impl Origin {
    /// In words.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Default => "default".into(),
            Self::Preset(name) => format!("preset {name}"),
            Self::Run => "this run".into(),
            Self::Data => "the data".into(),
        }
    }
}

/// Every key of `config` with its origin: its value is compared with the default, and with the preset of the same method
/// that differs in the fewest keys.
///
/// # Errors
/// A value that TOML cannot hold.
pub(super) fn settings(config: &Config) -> Result<Vec<Setting>> {
    let base = Config::default();
    let preset = nearest(config)?;
    let own = |other: &Config| -> Result<Vec<String>> {
        Ok(config
            .changes(other)?
            .into_iter()
            .map(|change| change.key)
            .collect())
    };
    let (unusual, unlike) = (
        own(&base)?,
        preset.as_ref().map(|(_, p)| own(p)).transpose()?,
    );
    let value = |(key, value): (String, String)| {
        let usual = !unusual.contains(&key);
        let measured = MEASURED
            .iter()
            .any(|m| key == *m || key.starts_with(&format!("{m}.")));
        let origin = match (&preset, &unlike) {
            (Some((name, _)), Some(unlike)) if !unlike.contains(&key) && !usual => {
                Origin::Preset(name)
            }
            (_, Some(unlike)) if unlike.contains(&key) && measured => Origin::Data,
            (_, Some(unlike)) if unlike.contains(&key) => Origin::Run,
            _ if usual => Origin::Default,
            _ if measured => Origin::Data,
            _ => Origin::Run,
        };
        Setting { key, value, origin }
    };
    let leaves = config.leaves()?.into_iter();
    let leaves = leaves.map(|(key, value)| (key, value.to_string()));
    Ok(leaves.map(value).collect())
}

/// The preset of the same method that differs in the fewest keys.
fn nearest(config: &Config) -> Result<Option<(&'static str, Config)>> {
    let mut best: Option<(usize, &'static str, Config)> = None;
    for (name, _) in PRESETS {
        let Ok(preset) = Config::load(Some(name), &[]) else {
            continue; // it may name a run or a file that is not here
        };
        if preset.method != config.method {
            continue;
        }
        let differs = config.changes(&preset)?.len();
        if best.as_ref().is_none_or(|(least, ..)| differs < *least) {
            best = Some((differs, name, preset));
        }
    }
    Ok(best.map(|(_, name, preset)| (name, preset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_say_where_they_come_from() -> Result<()> {
        let sets = ["train.batch=32", "data.channels=1"].map(String::from);
        let settings = settings(&Config::load(Some("digits"), &sets)?)?;
        let of = |key: &str| {
            settings
                .iter()
                .find(|s| s.key == key)
                .map(|s| s.origin.clone())
        };
        assert_eq!(of("train.batch"), Some(Origin::Run));
        assert_eq!(of("data.channels"), Some(Origin::Data));
        assert_eq!(of("augment.size"), Some(Origin::Preset("digits")));
        assert_eq!(of("data.split_seed"), Some(Origin::Default));
        assert_eq!(of("seed"), Some(Origin::Default));
        Ok(())
    }
}
