//! From a path to its reader and the parts it comes in.

use std::path::Path;
use std::sync::Arc;

use super::config::DataConfig;
use super::dataset::Dataset;
use super::part::Part;
use super::readers::{Parts, Request, detect, missing, no_columns};
use super::subset::Joined;
use crate::error::{Error, Result, require};

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

impl Source {
    /// Open what `config` names.
    pub(super) fn open(config: &DataConfig) -> Result<Self> {
        config.check()?;
        if config.is_table() {
            return Err(Error::Usage(format!(
                "`{}` is a table of numbers, and this needs images; train a head on it: `ravine train` with encoder.kind=mlp, \
                 head.kind=multi_class and data.label, or head.kind=regression, loss.kind=energy and data.y",
                config.source
            )));
        }
        let path = config.path();
        let reader = match config.reader.reader() {
            Some(reader) => reader,
            None => detect(&path)?,
        };
        if !reader.is_there(&path) {
            return Err(missing(&path));
        }
        if config.label.is_some() && !reader.takes_label() {
            return Err(no_columns(&config.source));
        }
        require(
            "data.class_level",
            config.class_level.is_none() || reader.takes_folders(),
            format_args!(
                "says which folders are classes, and no folders name those of `{}`; leave it out",
                config.source
            ),
        )?;
        let open = |channels| {
            let parts = reader.open(&Request {
                path: &path,
                channels,
                labels: config.labels,
                class_level: config.class_level,
                label: config.label.as_deref(),
                range: config.range,
                cache: config.cache << 20,
            })?;
            Self::from_parts(&path, &parts, channels)
        };
        let usual = reader.stored_channels();
        let source = open(config.channels.unwrap_or(usual))?;
        // Grey pictures among coloured ones are read in colour, and the channels of an instrument as they are.
        match source.train.look(0).channels {
            Some(stored) if config.channels.is_none() && stored != 1 && stored != usual => {
                open(stored)
            }
            _ => Ok(source),
        }
    }

    fn from_parts(path: &Path, parts: &Parts, channels: usize) -> Result<Self> {
        let mut only = (parts.len() == 1).then(|| parts[0].1.clone());
        let part = |wanted| {
            let found = parts.iter().find(|(part, _)| *part == wanted);
            found.map(|(_, set)| set.clone())
        };
        // A lone `test-….parquet` or `t10k-images…` is a set like any other.
        let lone = only.is_some();
        let train = part(Part::Train).or_else(|| only.take());
        let train = train.filter(|set| !set.is_empty());
        Ok(Self {
            train: train.ok_or_else(|| {
                Error::data(
                    path,
                    "no training image here; give a folder or file that holds some",
                )
            })?,
            validation: part(Part::Validation).filter(|set| !lone && !set.is_empty()),
            test: part(Part::Test).filter(|set| !lone && !set.is_empty()),
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
