//! Where a run is written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::going_on::unedited;
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
    /// A new folder beside those that are there: this name, or with the first number that nobody has taken.
    Free(PathBuf),
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
    /// There is no run, another process writes it, or its `config.toml` has been edited in a key that decides what is
    /// learned: all such keys are named.
    pub fn resume(path: &Path) -> Result<(Config, Self)> {
        let (config, folder) = held(path)?;
        unedited(&folder, &config)?;
        Ok((config, Self::Resume(folder)))
    }

    /// As [`Place::resume`], with `config.toml` as it is now, edited or not.
    ///
    /// # Errors
    /// There is no run, or another process writes it.
    pub fn resume_edited(path: &Path) -> Result<(Config, Self)> {
        let (config, folder) = held(path)?;
        Ok((config, Self::Resume(folder)))
    }

    /// The folder of the run that goes on; `None` of a new one.
    pub(super) fn resumed(&self) -> Option<&RunFolder> {
        match self {
            Self::Resume(folder) => Some(folder),
            _ => None,
        }
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.resumed().is_some()
    }

    /// The folder, and whether it was made by this call.
    pub(super) fn open(self) -> Result<(RunFolder, bool)> {
        match self {
            Self::New { path, force } => {
                let made = !path.exists();
                Ok((RunFolder::create(&path, force)?, made))
            }
            Self::Free(path) => Ok((RunFolder::create(&claim(&path)?, false)?, true)),
            Self::Resume(folder) => Ok((folder, false)),
        }
    }
}

/// The run in `path`, held against other processes, and its configuration.
fn held(path: &Path) -> Result<(Config, RunFolder)> {
    let folder = RunFolder::resume(path)?;
    let config = Config::of_run(&folder.file("config.toml"))?;
    Ok((config, folder))
}

/// Make the folder `path`, or `path-2`, `path-3`, … where others are there: who makes it has it, so that runs started
/// at the same moment get different ones.
fn claim(path: &Path) -> Result<PathBuf> {
    let unwritable =
        |path: &Path, e| Error::data(path, format!("cannot be created: {e}; choose --out"));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| unwritable(parent, e))?;
    }
    let mut name = path.to_path_buf();
    for number in 2_u64.. {
        match fs::create_dir(&name) {
            Ok(()) => break,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                let mut numbered = path.as_os_str().to_owned();
                numbered.push(format!("-{number}"));
                name = numbered.into();
            }
            Err(e) => return Err(unwritable(&name, e)),
        }
    }
    Ok(name)
}

/// `METHOD-DATA`, the name of the folder of a run of `config` that has not been given another.
#[must_use]
pub fn usual_name(config: &Config) -> PathBuf {
    let source = Path::new(&config.data.source);
    let whole = source.canonicalize().unwrap_or_default(); // `.` and `..` have a name too
    let data = source.file_stem().or(whole.file_name());
    let data = data.unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{}-{data}", config.method))
}

/// The run folder in the folder `runs` that was written last; with `unfinished`, of those without a card. A run
/// that has saved nothing cannot go on.
///
/// # Errors
/// There is none.
pub fn newest(runs: &Path, unfinished: bool) -> Result<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let found = entries.filter(|entry| {
        let run = entry.path();
        let has = |name: &str| run.join(name).is_file();
        has("config.toml") && has("latest") && !(unfinished && has("card.json"))
    });
    found.max_by_key(|run| {
        fs::metadata(run.path().join("metrics.jsonl"))
            .and_then(|m| m.modified())
            .ok()
    })
    .map(|run| run.path())
    .ok_or_else(|| {
        let what = if unfinished { "unfinished run" } else { "run" };
        Error::Usage(format!(
            "there is no {what} under {}/ to resume; give the folder with --out (and --epochs N to go on with a \
             finished run)",
            runs.display()
        ))
    })
}
