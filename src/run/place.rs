//! Where a run is written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::train::RunFolder;

/// Where a run is written.
#[derive(Debug)]
pub enum Place {
    /// A new folder, made once everything else is known to be right.
    New {
        /// The folder.
        path: PathBuf,
        /// Whether a run that stands there is replaced.
        force: bool,
    },
    /// The folder of a run to go on with, held against other processes.
    Resume(RunFolder),
}

impl Place {
    /// A new folder that holds no run yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::New {
            path: path.into(),
            force: false,
        }
    }

    /// The run in `path` to go on with, and its configuration.
    ///
    /// # Errors
    /// There is no run, or another process writes it.
    pub fn resume(path: &Path) -> Result<(Config, Self)> {
        let folder = RunFolder::resume(path)?;
        let config = Config::of_run(&folder.file("config.toml"))?;
        Ok((config, Self::Resume(folder)))
    }

    pub(super) fn is_resumed(&self) -> bool {
        matches!(self, Self::Resume(_))
    }

    pub(super) fn open(self) -> Result<RunFolder> {
        match self {
            Self::New { path, force } => RunFolder::create(&path, force),
            Self::Resume(folder) => Ok(folder),
        }
    }
}

/// `runs/METHOD-DATA` for a new run of `config`, numbered when it is taken and not to be replaced.
#[must_use]
pub fn free_name(config: &Config, replace: bool) -> PathBuf {
    let source = Path::new(&config.data.source);
    let data = source.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{}-{data}", config.method);
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .map(|name| Path::new("runs").join(name))
        .find(|path| replace || !path.exists())
        .unwrap_or_else(|| Path::new("runs").join(name.clone()))
}

/// The run folder under `runs/` that was written last.
///
/// # Errors
/// There is none.
pub fn newest() -> Result<PathBuf> {
    let entries = fs::read_dir("runs").into_iter().flatten().flatten();
    let runs = entries.filter(|entry| entry.path().join("config.toml").is_file());
    runs.max_by_key(|run| {
        fs::metadata(run.path().join("metrics.jsonl"))
            .and_then(|m| m.modified())
            .ok()
    })
    .map(|run| run.path())
    .ok_or_else(|| {
        Error::Usage("there is no run under runs/ to resume; give its folder with --out".into())
    })
}
