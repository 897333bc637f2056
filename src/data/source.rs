//! From a path to its reader and the parts it comes in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cifar::{self, Cifar};
use super::config::{DataConfig, Reader};
use super::digits::Digits;
use super::folder::{self, Folder};
use super::idx::{self, Idx};
use super::parquet::{self, Parquet};
use super::split::Part;
use super::{Dataset, Joined};
use crate::error::{Error, Result};

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
                "`{}` is a table of numbers, and this needs images; train on it with `ravine train` and a head",
                config.source
            )));
        }
        let path = config.path();
        let reader = match config.reader {
            Reader::Auto => detect(&config.source)?,
            reader => reader,
        };
        if reader != Reader::Digits && !path.exists() {
            return Err(missing(&path));
        }
        let stored = if reader == Reader::Digits || reader == Reader::Idx {
            1
        } else {
            3
        };
        let channels = config.channels.unwrap_or(stored);
        let parts = match reader {
            Reader::Digits | Reader::Auto | Reader::Table => {
                vec![(Part::Train, shared(Digits::open(channels)?))]
            }
            Reader::Folder => folders(&path, channels, config.labels)?,
            Reader::Cifar => cifar(&path, channels)?,
            Reader::Idx => idx(&path, channels)?,
            Reader::Parquet => parquet(&path, channels, config.cache << 20)?,
        };
        Self::from_parts(&path, &parts, channels)
    }

    fn from_parts(
        path: &Path,
        parts: &[(Part, Arc<dyn Dataset>)],
        channels: usize,
    ) -> Result<Self> {
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
        shared(Joined::new(parts))
    }
}

fn shared(set: impl Dataset + 'static) -> Arc<dyn Dataset> {
    Arc::new(set)
}

fn missing(path: &Path) -> Error {
    Error::data(
        path,
        "there is no such file or folder; give an existing path with --data, or `digits`",
    )
}

/// The reader for `source`, by its name and by what lies there.
fn detect(source: &str) -> Result<Reader> {
    let path = PathBuf::from(source);
    if source == "digits" {
        return Ok(Reader::Digits);
    }
    if !path.exists() {
        return Err(missing(&path));
    }
    if path.is_dir() {
        return Ok(if !parquet::files(&path)?.is_empty() {
            Reader::Parquet
        } else if cifar::parts(&path).is_some() {
            Reader::Cifar
        } else if !idx::image_files(&path)?.is_empty() {
            Reader::Idx
        } else {
            Reader::Folder
        });
    }
    let is = |wanted: &str| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is("parquet") {
        Ok(Reader::Parquet)
    } else if name.to_lowercase().contains("idx3") {
        Ok(Reader::Idx)
    } else if is("bin") {
        Ok(Reader::Cifar)
    } else {
        Err(Error::data(
            &path,
            "not a known data set; give a folder of images, a .parquet, .bin (CIFAR) or idx3 file, or set `data.reader`",
        ))
    }
}

fn folders(
    path: &Path,
    channels: usize,
    labels: Option<bool>,
) -> Result<Vec<(Part, Arc<dyn Dataset>)>> {
    let Some(parts) = folder::parts(path) else {
        return Ok(vec![(
            Part::Train,
            shared(Folder::open(path, channels, labels)?),
        )]);
    };
    let mut open: Vec<(Part, Folder)> = Vec::new();
    for (part, path) in parts {
        open.push((part, Folder::open(&path, channels, labels)?));
    }
    let train = open.iter().find(|(part, _)| *part == Part::Train);
    let classes = train.map_or_else(Vec::new, |(_, set)| set.classes().to_vec());
    for (_, set) in &mut open {
        if !classes.is_empty() && set.all_in_folders() {
            set.use_classes(classes.clone())?;
        }
    }
    Ok(open
        .into_iter()
        .map(|(part, set)| (part, shared(set)))
        .collect())
}

fn cifar(path: &Path, channels: usize) -> Result<Vec<(Part, Arc<dyn Dataset>)>> {
    if path.is_file() {
        return Ok(vec![(
            Part::Train,
            shared(Cifar::open(&[path.to_path_buf()], channels)?),
        )]);
    }
    let Some((train, test)) = cifar::parts(path) else {
        return Err(Error::data(
            path,
            "no data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100) in this folder",
        ));
    };
    let mut parts = vec![(Part::Train, shared(Cifar::open(&train, channels)?))];
    if !test.is_empty() {
        parts.push((Part::Test, shared(Cifar::open(&test, channels)?)));
    }
    Ok(parts)
}

fn idx(path: &Path, channels: usize) -> Result<Vec<(Part, Arc<dyn Dataset>)>> {
    let parts = idx::parts(path)?.into_iter();
    parts
        .map(|(part, file)| Ok((part, shared(Idx::open(&file, channels)?))))
        .collect()
}

fn parquet(path: &Path, channels: usize, cache: usize) -> Result<Vec<(Part, Arc<dyn Dataset>)>> {
    let parts = parquet::parts(path)?.into_iter();
    parts
        .map(|(part, files)| Ok((part, shared(Parquet::open(&files, channels, cache)?))))
        .collect()
}
