//! The `[data]` table of a configuration.

use std::path::PathBuf;
use std::thread::available_parallelism;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result, hint};

/// Which images, how they are read and split.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A file or folder, or `digits` for the embedded digits.
    pub source: String,
    /// Format of the source; `auto` looks at the path.
    pub reader: Reader,
    /// 1 (grey) or 3 (colour); left out: what the format stores, colour for encoded images.
    pub channels: Option<usize>,
    /// Whether first-level folders are classes; left out: when all images lie below at least two of them.
    pub labels: Option<bool>,
    /// Share of the training part that is carved out for validation, in [0, 1).
    pub validation: f64,
    /// Decides which images are held out. It is not the run's seed, so that runs of several seeds are
    /// judged on the same images.
    pub split_seed: u64,
    /// Share of unreadable images above which a run stops, in [0, 1].
    pub max_bad_share: f64,
    /// Loader threads; left out: one a core.
    pub workers: Option<usize>,
    /// Batches that are prepared ahead.
    pub prefetch: usize,
    /// Encoded bytes of a Parquet set kept in memory, in MiB.
    pub cache: usize,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: "digits".into(),
            reader: Reader::Auto,
            channels: None,
            labels: None,
            validation: 0.1,
            split_seed: 0,
            max_bad_share: 0.01,
            workers: None,
            prefetch: 4,
            cache: 256,
        }
    }
}

impl DataConfig {
    /// Refuse values out of range, naming the key.
    ///
    /// # Errors
    /// A sentence with the key, what it may be and what it is.
    pub fn check(&self) -> Result<()> {
        let range = |key: &str, holds: bool, allowed: &str| {
            let wrong = || Error::key(key, format!("must be {allowed}"));
            if holds { Ok(()) } else { Err(wrong()) }
        };
        range(
            "data.channels",
            matches!(self.channels, None | Some(1 | 3)),
            "1 (grey) or 3 (colour)",
        )?;
        range(
            "data.validation",
            (0.0..1.0).contains(&self.validation),
            "at least 0 and below 1",
        )?;
        range(
            "data.max_bad_share",
            (0.0..=1.0).contains(&self.max_bad_share),
            "between 0 and 1",
        )?;
        range(
            "data.workers",
            self.workers != Some(0),
            "1 or more; leave it out for one a core",
        )?;
        range("data.prefetch", self.prefetch > 0, "1 or more")?;
        range("data.cache", self.cache > 0, "1 (MiB) or more")
    }

    /// Number of loader threads: the key, or one a core.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        let cores = || available_parallelism().map_or(1, std::num::NonZero::get);
        self.workers.unwrap_or_else(cores)
    }

    /// The source as a path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.source)
    }
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reader {
    /// Chosen by looking at the source.
    #[default]
    Auto,
    /// The embedded UCI optical digits.
    Digits,
    /// Image files, one folder a class or a flat heap.
    Folder,
    /// CIFAR-10 or CIFAR-100 in its binary version.
    Cifar,
    /// IDX files (MNIST and its family), plain or gzipped.
    Idx,
    /// Parquet files in the Hugging Face image layout.
    Parquet,
}

impl Reader {
    /// Every reader with its name.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("digits", Self::Digits),
        ("folder", Self::Folder),
        ("cifar", Self::Cifar),
        ("idx", Self::Idx),
        ("parquet", Self::Parquet),
    ];
}

impl<'de> Deserialize<'de> for Reader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = String::deserialize(deserializer)?;
        let found = Self::NAMES.iter().find(|(name, _)| *name == wrong);
        found.map(|(_, reader)| *reader).ok_or_else(|| {
            let names = Self::NAMES.iter().map(|(name, _)| *name);
            serde::de::Error::custom(format!("unknown reader `{wrong}`; {}", hint(&wrong, names)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_is_read_by_the_name_it_is_written_with() {
        for (name, reader) in Reader::NAMES {
            let text = serde_json::to_string(&reader).unwrap();
            assert_eq!(text, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Reader>(&text).unwrap(), reader);
            let schema = serde_json::to_string(&schemars::schema_for!(DataConfig)).unwrap();
            assert!(schema.contains(&text), "{schema}");
        }
    }

    #[test]
    fn mistakes_are_named_with_the_key_and_the_nearest_name() {
        let parse = |text: &str| toml::from_str::<DataConfig>(text);
        let wrong = parse("reader = 'parqet'").unwrap_err().to_string();
        assert!(wrong.contains("did you mean `parquet`?"), "{wrong}");
        for (text, key) in [
            ("channels = 2", "data.channels"),
            ("validation = 1.0", "data.validation"),
            ("max_bad_share = -0.1", "data.max_bad_share"),
            ("workers = 0", "data.workers"),
            ("prefetch = 0", "data.prefetch"),
            ("cache = 0", "data.cache"),
        ] {
            let problem = parse(text).unwrap().check().unwrap_err().to_string();
            assert!(problem.contains(key), "{problem}");
        }
        DataConfig::default().check().unwrap();
    }
}
