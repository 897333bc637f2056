//! The `[data]` table of a configuration.

use std::path::PathBuf;
use std::thread::available_parallelism;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::generators;
use crate::error::{Error, Result, hint};

/// Which images or rows, how they are read and split.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A file or folder, `digits` for the embedded digits, or the name of a generator (`ravine list generators`).
    pub source: String,
    /// Format of the source; `auto` looks at the path.
    pub reader: Reader,
    /// 1 (grey) or 3 (colour); left out: what the format stores, colour for encoded images.
    pub channels: Option<usize>,
    /// Whether first-level folders are classes; left out: when all images lie below at least two of them.
    pub labels: Option<bool>,
    /// Share of the training part that is carved out for validation, in [0, 1).
    pub validation: f64,
    /// Decides which images or rows are held out, and what a generator draws. It is not the run's seed, so that
    /// runs of several seeds are judged on the same ones.
    pub split_seed: u64,
    /// Share of unreadable images above which a run stops, in [0, 1].
    pub max_bad_share: f64,
    /// Loader threads; left out: one a core.
    pub workers: Option<usize>,
    /// Batches that are prepared ahead.
    pub prefetch: usize,
    /// Encoded bytes of a Parquet set kept in memory, in MiB.
    pub cache: usize,
    /// Columns of a table that are the input; left out: all that are neither `y` nor `label`; `[]`: no input.
    pub x: Option<Vec<String>>,
    /// Columns of a table that are the answer, where it is made of numbers.
    pub y: Vec<String>,
    /// Column of a table that holds the answer, where it is a class.
    pub label: Option<String>,
    /// Whether the columns of a table get mean 0 and deviation 1 on the training part; left out: those of files do.
    pub standardise: Option<bool>,
    /// Rows that a generator draws for each part; left out: the generator's own number.
    pub samples: Option<usize>,
    /// Standard deviation of a generator's noise; left out: the generator's own.
    pub noise: Option<f64>,
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
            x: None,
            y: Vec::new(),
            label: None,
            standardise: None,
            samples: None,
            noise: None,
        }
    }
}

/// A generator is asked for no more rows than this.
const MOST_SAMPLES: usize = 10_000_000;

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
        range("data.cache", self.cache > 0, "1 (MiB) or more")?;
        range(
            "data.samples",
            self.samples
                .is_none_or(|count| (1..=MOST_SAMPLES).contains(&count)),
            "between 1 and 10000000",
        )?;
        range(
            "data.noise",
            self.noise
                .is_none_or(|noise| noise >= 0.0 && noise.is_finite()),
            "0 or more, and finite",
        )?;
        let of_tables = [
            ("data.x", self.x.is_some()),
            ("data.y", !self.y.is_empty()),
            ("data.label", self.label.is_some()),
            ("data.standardise", self.standardise.is_some()),
            ("data.samples", self.samples.is_some()),
            ("data.noise", self.noise.is_some()),
        ];
        match of_tables.iter().find(|(_, given)| *given) {
            Some((key, _)) if !self.is_table() => Err(Error::key(
                key,
                format!(
                    "is for tables, and `{}` is read as images; leave it out, or set `data.reader = \"table\"`",
                    self.source
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether the source is a table ([`super::table::open`]) and not a set of images ([`super::open`]).
    ///
    /// `data.reader = "table"` says so; with `auto`, the name of a generator, the extensions .csv, .tsv and .npy,
    /// and any of `data.x`, `data.y`, `data.label`.
    #[must_use]
    pub fn is_table(&self) -> bool {
        match self.reader {
            Reader::Table => true,
            Reader::Auto => {
                let path = self.path();
                let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
                let columns = self.x.is_some() || !self.y.is_empty() || self.label.is_some();
                let named = generators::find(&self.source).is_some();
                named
                    || columns
                    || ["csv", "tsv", "npy"]
                        .iter()
                        .any(|known| extension == *known)
            }
            _ => false,
        }
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
    /// Rows of numbers: CSV, Parquet, npy, or a generator.
    Table,
}

impl Reader {
    /// Every reader with its name.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("auto", Self::Auto),
        ("digits", Self::Digits),
        ("folder", Self::Folder),
        ("cifar", Self::Cifar),
        ("idx", Self::Idx),
        ("parquet", Self::Parquet),
        ("table", Self::Table),
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
            ("samples = 0", "data.samples"),
            ("noise = -1.0", "data.noise"),
            ("standardise = true", "data.standardise"),
            ("reader = 'folder'\ny = ['a']", "data.y"),
        ] {
            let problem = parse(text).unwrap().check().unwrap_err().to_string();
            assert!(problem.contains(key), "{problem}");
        }
        DataConfig::default().check().unwrap();
    }
}
