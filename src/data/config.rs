//! The `[data]` table of a configuration.

use std::path::PathBuf;
use std::thread::available_parallelism;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::MOST_CHANNELS;
use super::readers::{ClassLevel, ReaderKind, columns_beside_images};
use super::{generators, table_formats};
use crate::error::{Result, require};

/// Which images or rows, how they are read and split.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A file or folder, an address of such on the net (https, s3, gs; with the feature `remote`), `digits` for the embedded
    /// digits, or the name of a generator (`ravine list generators`).
    pub source: String,
    /// Further sources of images, which join the first one part by part; classes of one name are one.
    pub more: Vec<String>,
    /// Format of the sources; `auto` looks at each path.
    pub reader: ReaderKind,
    /// 1 (grey), 3 (colour), or as many as the images store (13 of a satellite); left out: what the format stores, colour
    /// for encoded images.
    pub channels: Option<usize>,
    /// The value of 16-bit and floating-point images that is white, 4096 for those of a 12-bit camera; left out: 65535 and 1.
    pub range: Option<u32>,
    /// Whether each page of a TIFF file is a picture, or the first one alone; left out: each, where one of the first
    /// eight TIFF files has several.
    pub pages: Option<bool>,
    /// Frames that are taken of each second of a video, above 0 and up to 1,000: that of time t is the last one shown by then,
    /// for t = 0, 1/n, 2/n, … as long as the video lasts; left out: 1.
    pub frames_per_second: Option<f64>,
    /// Whether first-level folders are classes; left out: when all images lie below at least two of them.
    pub labels: Option<bool>,
    /// Which level of folders below the source, or below the folder of a part, names the classes: 1 (the first), 2, …, or
    /// "last", the folder that a picture lies in; left out: the first that looks so. Folders of one name in different
    /// ones are told apart by their paths.
    pub class_level: Option<ClassLevel>,
    /// Share of a set without a test part that is held out as one, in [0, 1); left out: 0.2, and 0 where neither this
    /// nor `validation` is given and the images come in one part and have no labels.
    pub test: Option<f64>,
    /// Share of the rest that is carved out for validation, in [0, 1); left out: 0.1, and 0.05 (at most 1,000 images)
    /// where neither this nor `test` is given and the images come in one part and have no labels.
    pub validation: Option<f64>,
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
    /// Decoded training images kept in memory from one epoch to the next, in MiB, 0 for none; left out: up to a quarter
    /// of the memory that is free.
    pub keep_decoded: Option<usize>,
    /// Folder for copies of what lies on the net; left out: RAVINE_REMOTE_CACHE of the environment, else `ravine/remote` in
    /// the user's folder of caches.
    pub remote_cache: Option<PathBuf>,
    /// GiB that these copies may take, above 0; left out: 50.
    pub remote_gib: Option<f64>,
    /// Columns of a table that are the input; left out: all that are neither `y` nor `label` nor an index
    /// of pandas; `[]`: no input.
    pub x: Option<Vec<String>>,
    /// Columns of a table that are the answer, where it is made of numbers.
    pub y: Vec<String>,
    /// Column that holds the class: of a table, where the answer is one, of images in Parquet, or of a list of pictures; of
    /// pictures in tar files, a field (`cls`, `txt`) or a key of their `.json`; of NumPy's archives, an array; left out: of
    /// images, `label` and other usual names, or one that the metadata describe.
    pub label: Option<String>,
    /// Whether the columns of a table get mean 0 and deviation 1 on the training part; left out: those of files do.
    #[serde(alias = "standardise")]
    pub standardize: Option<bool>,
    /// Rows that a generator draws for each part; left out: the generator's own number.
    pub samples: Option<usize>,
    /// Standard deviation of a generator's noise; left out: the generator's own.
    pub noise: Option<f64>,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: "digits".into(),
            more: Vec::new(),
            reader: ReaderKind::Auto,
            channels: None,
            range: None,
            pages: None,
            frames_per_second: None,
            labels: None,
            class_level: None,
            test: None,
            validation: None,
            split_seed: 0,
            max_bad_share: 0.01,
            workers: None,
            prefetch: 4,
            cache: 256,
            keep_decoded: None,
            remote_cache: None,
            remote_gib: None,
            x: None,
            y: Vec::new(),
            label: None,
            standardize: None,
            samples: None,
            noise: None,
        }
    }
}

/// A generator is asked for no more rows than this.
const MOST_SAMPLES: usize = 10_000_000;

/// Bounds of the frames that are taken of each second of a video: one in eleven days, and one a millisecond.
const FRAMES: std::ops::RangeInclusive<f64> = 1e-6..=1000.0;

impl DataConfig {
    /// Refuse values out of range, naming the key.
    ///
    /// # Errors
    /// A sentence with the key, what it may be and what it is.
    pub fn check(&self) -> Result<()> {
        require(
            "data.channels",
            self.channels
                .is_none_or(|n| (1..=MOST_CHANNELS).contains(&n)),
            format_args!(
                "must be 1 (grey), 3 (colour), or what the images store, up to {MOST_CHANNELS}"
            ),
        )?;
        require(
            "data.range",
            matches!(self.range, None | Some(1..=65_535)),
            "must be between 1 and 65535, the value of 16-bit and floating-point images that is white",
        )?;
        require(
            "data.frames_per_second",
            self.frames_per_second
                .is_none_or(|rate| FRAMES.contains(&rate)),
            "must be at least 0.000001 and at most 1000",
        )?;
        require(
            "data.class_level",
            self.class_level.is_none() || self.labels != Some(false),
            "says which folders are classes, and data.labels = false that none are; leave one of them out",
        )?;
        for (key, share) in [
            ("data.test", self.test),
            ("data.validation", self.validation),
        ] {
            require(
                key,
                (0.0..1.0).contains(&share.unwrap_or(0.0)),
                "must be at least 0 and below 1",
            )?;
        }
        require(
            "data.max_bad_share",
            (0.0..=1.0).contains(&self.max_bad_share),
            "must be between 0 and 1",
        )?;
        require(
            "data.workers",
            self.workers != Some(0),
            "must be 1 or more; leave it out for one a core",
        )?;
        require("data.prefetch", self.prefetch > 0, "must be 1 or more")?;
        require("data.cache", self.cache > 0, "must be 1 (MiB) or more")?;
        require(
            "data.remote_gib",
            self.remote_gib
                .is_none_or(|gib| gib > 0.0 && gib.is_finite()),
            "must be above 0 (GiB)",
        )?;
        let samples = self.samples.unwrap_or(1);
        require(
            "data.samples",
            (1..=MOST_SAMPLES).contains(&samples),
            format_args!("must be between 1 and {MOST_SAMPLES}"),
        )?;
        let noise = self.noise.unwrap_or(0.0);
        require(
            "data.noise",
            noise >= 0.0 && noise.is_finite(),
            "must be 0 or more, and finite",
        )?;
        self.check_keys_of_tables()
    }

    /// Refuse keys of tables beside a set of images.
    fn check_keys_of_tables(&self) -> Result<()> {
        if self.is_table() {
            require(
                "data.frames_per_second",
                self.frames_per_second.is_none(),
                format_args!(
                    "is for videos, and `{}` is read as a table; leave it out",
                    self.source
                ),
            )?;
            return require(
                "data.more",
                self.more.is_empty(),
                format_args!(
                    "joins sources of images, and `{}` is read as a table; leave it out",
                    self.source
                ),
            );
        }
        for (key, given) in [
            ("data.x", self.x.is_some()),
            ("data.y", !self.y.is_empty()),
            ("data.standardize", self.standardize.is_some()),
            ("data.samples", self.samples.is_some()),
            ("data.noise", self.noise.is_some()),
        ] {
            require(
                key,
                !given,
                format_args!(
                    "is for tables, and `{}` is read as images; leave it out, or set `data.reader = \"table\"`{}",
                    self.source,
                    if key == "data.standardize" {
                        " (older files call it data.standardise)"
                    } else {
                        ""
                    }
                ),
            )?;
        }
        Ok(())
    }

    /// Whether the source is a table ([`super::table::open`]) and not a set of images ([`super::open`]).
    ///
    /// `data.reader = "table"` says so; with `auto`, the name of a generator, an extension that only tables have,
    /// and of files any of `data.x`, `data.y`, and `data.label` where no such column or field stands beside images there.
    #[must_use]
    pub fn is_table(&self) -> bool {
        match self.reader {
            ReaderKind::Table => true,
            ReaderKind::Auto => {
                let path = self.path();
                let columns = (self.x.is_some() || !self.y.is_empty()) && !path.is_dir();
                let named = generators::find(&self.source).is_some();
                let label = self.label.is_some() && !path.is_dir();
                let table = || table_formats::is_named_as_table(&path) || label;
                named || columns || (table() && columns_beside_images(&path).is_none())
            }
            _ => false,
        }
    }

    /// Take the images of `source` instead; `label` stays where they have such a column.
    pub fn use_images(&mut self, source: &str) {
        self.source = source.into();
        self.more.clear();
        self.reader = ReaderKind::Auto;
        let columns = columns_beside_images(&self.path()).unwrap_or_default();
        self.label = self.label.take().filter(|label| columns.contains(label));
    }

    /// Number of loader threads: the key, or one a core.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        let cores = || available_parallelism().map_or(1, std::num::NonZero::get);
        self.workers.unwrap_or_else(cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_key_are_read_and_one_is_written() {
        let config: DataConfig = toml::from_str("standardize = false").unwrap();
        assert_eq!(config.standardize, Some(false));
        assert!(toml::to_string(&config).unwrap().contains("standardize"));
        let twice = toml::from_str::<DataConfig>("standardise = true\nstandardize = true");
        assert!(twice.is_err());
    }

    #[test]
    fn mistakes_are_named_with_the_key_and_the_nearest_name() {
        let parse = |text: &str| toml::from_str::<DataConfig>(text);
        let wrong = parse("reader = 'parqet'").unwrap_err().to_string();
        assert!(wrong.contains("did you mean `parquet`?"), "{wrong}");
        for (text, key) in [
            ("channels = 0", "data.channels"),
            ("channels = 65", "data.channels"),
            ("class_level = 'last'\nlabels = false", "data.class_level"),
            ("range = 0", "data.range"),
            ("range = 65536", "data.range"),
            ("validation = 1.0", "data.validation"),
            ("test = 1.0", "data.test"),
            ("test = nan", "data.test"),
            ("max_bad_share = -0.1", "data.max_bad_share"),
            ("frames_per_second = 0.0", "data.frames_per_second"),
            ("frames_per_second = 1001", "data.frames_per_second"),
            ("frames_per_second = nan", "data.frames_per_second"),
            (
                "source = 'a.csv'\nframes_per_second = 1",
                "data.frames_per_second",
            ),
            ("workers = 0", "data.workers"),
            ("prefetch = 0", "data.prefetch"),
            ("cache = 0", "data.cache"),
            ("remote_gib = 0.0", "data.remote_gib"),
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
