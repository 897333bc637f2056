//! From a path to its reader and the parts it comes in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::DataConfig;
use super::dataset::Dataset;
use super::pages::Paged;
use super::part::Part;
use super::readers::{Parts, Request, detect, missing, no_columns};
use super::remote::Copied;
use super::several::together;
use super::subset::{Joined, Subset};
use crate::error::{Error, Result, require};

/// Frames that are taken of each second of a video where nothing is said.
const FRAMES_PER_SECOND: f64 = 1.0;

/// The parts that a source is stored in, before any is held out.
pub struct Stock {
    /// The parts that have images, the training part first; one that stands alone is that.
    pub parts: Parts,
    /// Channels of every image.
    pub channels: usize,
}

impl Stock {
    /// Open what `config` names.
    ///
    /// # Errors
    /// As [`super::open`], but for too few images.
    pub fn open(config: &DataConfig) -> Result<Self> {
        let source = Source::open(config)?;
        let train = Some((Part::Train, source.train));
        let others = [
            (Part::Validation, source.validation),
            (Part::Test, source.test),
        ];
        let others = others.into_iter().map(|(part, set)| Some((part, set?)));
        Ok(Self {
            parts: std::iter::once(train).chain(others).flatten().collect(),
            channels: source.channels,
        })
    }
}

/// A data set as it is stored: its training part and the other parts it comes with.
pub(super) struct Source {
    pub(super) train: Arc<dyn Dataset>,
    pub(super) validation: Option<Arc<dyn Dataset>>,
    pub(super) test: Option<Arc<dyn Dataset>>,
    pub(super) channels: usize,
}

/// What one path holds.
struct Opened {
    parts: Parts,
    channels: usize,
}

impl Source {
    /// Open what `config` names: its sources, one part after the other.
    pub(super) fn open(config: &DataConfig) -> Result<Self> {
        config.check()?;
        let places = config.sources().map(|source| config.place(source));
        let places: Vec<Copied> = places.collect::<Result<_>>()?;
        if config.is_table() {
            return Err(Error::Usage(format!(
                "`{}` is a table of numbers, and this needs images; train a head on it: `ravine train` with encoder.kind=mlp, \
                 head.kind=multi_class and data.label, or head.kind=regression, loss.kind=energy and data.y",
                config.source
            )));
        }
        let notes: Vec<String> = places.iter().flat_map(|p| p.notes.clone()).collect();
        let paths: Vec<PathBuf> = places.into_iter().map(|place| place.path).collect();
        let opened = paths.iter().map(|path| open(config, path, config.channels));
        let mut opened = opened.collect::<Result<Vec<Opened>>>()?;
        let channels = alike(config, &paths, &mut opened)?;
        let mut parts: Vec<Parts> = opened.into_iter().map(|opened| opened.parts).collect();
        let parts = match parts.as_mut_slice() {
            [only] => std::mem::take(only),
            several => together(&paths, several),
        };
        let part = |wanted| {
            let found = parts.iter().find(|(part, _)| *part == wanted);
            let set = found.map(|(_, set)| set.clone());
            set.filter(|set| !set.is_empty())
        };
        let mut train = part(Part::Train).ok_or_else(|| {
            Error::data(
                config.path(),
                "no training image here; give a folder or file that holds some",
            )
        })?;
        if !notes.is_empty() {
            let all = (0..train.len() as u32).collect();
            train = Arc::new(Subset::new(train, all).with_notes(notes));
        }
        Ok(Self {
            train,
            validation: part(Part::Validation),
            test: part(Part::Test),
            channels,
        })
    }

    /// Every image, in the order train, validation, test.
    pub(super) fn all(self) -> Arc<dyn Dataset> {
        let parts = [Some(self.train), self.validation, self.test];
        let mut parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.len() == 1 {
            return parts.swap_remove(0);
        }
        Arc::new(Joined::new(parts))
    }
}

/// Open `path` with `channels`, or with those that it stores.
fn open(config: &DataConfig, path: &Path, channels: Option<usize>) -> Result<Opened> {
    let reader = match config.reader.reader() {
        Some(reader) => reader,
        None => detect(path)?,
    };
    if !reader.is_there(path) {
        return Err(missing(path));
    }
    if config.label.is_some() && !reader.takes_label() {
        return Err(no_columns(path.display()));
    }
    require(
        "data.class_level",
        config.class_level.is_none() || reader.takes_folders(),
        format_args!(
            "says which folders are classes, and no folders name those of `{}`; leave it out",
            path.display()
        ),
    )?;
    require(
        "data.frames_per_second",
        config.frames_per_second.is_none() || reader.takes_frames(),
        format_args!(
            "is for videos, and `{}` is none; leave it out",
            path.display()
        ),
    )?;
    let with = |channels| {
        let mut parts = reader.open(&Request {
            path,
            channels,
            labels: config.labels,
            class_level: config.class_level,
            label: config.label.as_deref(),
            range: config.range,
            frames_per_second: config.frames_per_second.unwrap_or(FRAMES_PER_SECOND),
            cache: config.cache << 20,
        })?;
        for (_, set) in &mut parts {
            *set = Paged::over(set.clone(), config.pages, (channels, config.range));
        }
        if let [(part, _)] = parts.as_mut_slice() {
            *part = Part::Train; // a lone `test-….parquet` or `t10k-images…` is a set like any other
        }
        Ok(Opened { parts, channels })
    };
    let usual = reader.stored_channels();
    let opened = with(channels.unwrap_or(usual))?;
    // Grey pictures among coloured ones are read in colour, and the channels of an instrument as they are.
    let mut train = opened
        .parts
        .iter()
        .filter(|(part, set)| *part == Part::Train && !set.is_empty());
    match train.next().and_then(|(_, set)| set.look(0).channels) {
        Some(stored) if channels.is_none() && stored != 1 && stored != usual => with(stored),
        _ => Ok(opened),
    }
}

/// Bring several sources to the same channels: grey ones beside coloured ones become coloured.
fn alike(config: &DataConfig, paths: &[PathBuf], opened: &mut [Opened]) -> Result<usize> {
    let most = opened
        .iter()
        .map(|opened| opened.channels)
        .max()
        .unwrap_or(1);
    for (path, opened) in paths.iter().zip(opened) {
        if opened.channels != most {
            require(
                "data.channels",
                (opened.channels, most) == (1, 3),
                format_args!(
                    "is needed: `{}` has {} channels, and another source {most}; give one number of channels for all",
                    path.display(),
                    opened.channels
                ),
            )?;
            *opened = open(config, path, Some(most))?;
        }
    }
    Ok(most)
}
