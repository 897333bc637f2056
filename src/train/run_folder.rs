//! The run folder: where everything a run leaves behind has its place.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::events::PREFIX;

/// Locked while a process writes the run.
const LOCK: &str = ".lock";

/// `config.toml`, `config.lock.toml`, `before.json`, `metrics.jsonl`, `checkpoints/`, `latest`, `best`, `end`, `card.json`, `energies.jsonl`, `figures/`, `map/`, `report.html`, `quarantine.jsonl`, and event files of TensorBoard.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    /// Held while the run lasts, so that two processes never write one folder.
    _lock: Option<File>,
}

impl RunFolder {
    /// Whether a new run may be written to `root`; whether it holds a run already.
    ///
    /// # Errors
    /// The folder holds a run and `force` does not say to replace it, or something else.
    pub fn check(root: &Path, force: bool) -> Result<bool> {
        let occupied = holds_run(root);
        if occupied && !force {
            return Err(Error::Usage(format!(
                "{} holds a run already; add --resume to go on with it, --force to replace it, \
                 or --out for another folder",
                root.display()
            )));
        }
        let mut entries = fs::read_dir(root).into_iter().flatten().flatten();
        if !occupied && entries.any(|entry| entry.file_name() != LOCK) {
            return Err(Error::Usage(format!(
                "{} is not empty and holds no run; choose an empty or new folder with --out",
                root.display()
            )));
        }
        Ok(occupied)
    }

    /// Make a folder for a new run.
    ///
    /// # Errors
    /// As [`RunFolder::check`], or the folder cannot be written.
    pub fn create(root: &Path, force: bool) -> Result<Self> {
        let occupied = Self::check(root, force)?;
        fs::create_dir_all(root)
            .map_err(|e| Error::data(root, format!("cannot be created: {e}; choose --out")))?;
        let folder = Self::lock(root)?;
        if occupied {
            folder.clear()?;
        }
        Ok(folder)
    }

    /// Open a run to go on with it.
    ///
    /// # Errors
    /// There is no run, or another process writes it.
    pub fn resume(root: &Path) -> Result<Self> {
        Self::read(root)?;
        Self::lock(root)
    }

    /// Open a run to read from it.
    ///
    /// # Errors
    /// There is no run.
    pub fn read(root: &Path) -> Result<Self> {
        if root.join("config.toml").is_file() {
            return Ok(Self {
                root: root.to_path_buf(),
                _lock: None,
            });
        }
        Err(Error::data(
            root,
            "is not a run folder (it has no config.toml); give the folder that `ravine pretrain --out` wrote",
        ))
    }

    fn lock(root: &Path) -> Result<Self> {
        let path = root.join(LOCK);
        let file = File::create(&path)
            .map_err(|e| Error::data(&path, format!("cannot be written: {e}")))?;
        file.try_lock().map_err(|_| {
            Error::Failed(format!(
                "{} is being written by another process; wait for it or choose another --out",
                root.display()
            ))
        })?;
        Ok(Self {
            root: root.to_path_buf(),
            _lock: Some(file),
        })
    }

    /// Whether `root` holds a run.
    #[must_use]
    pub fn is_run(root: &Path) -> bool {
        holds_run(root)
    }

    /// Whether a process writes the run now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let Ok(file) = File::open(self.file(LOCK)) else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Remove what an earlier run wrote, and nothing else.
    fn clear(&self) -> Result<()> {
        let fail = |path: &Path, e| Error::data(path, format!("cannot be removed: {e}"));
        for folder in [self.checkpoints(), self.file("figures"), self.file("map")] {
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(|e| fail(&folder, e))?;
            }
        }
        let files = [
            "config.toml",
            "config.lock.toml",
            "before.json",
            "metrics.jsonl",
            "latest",
            "best",
            "end",
            "card.json",
            "quarantine.jsonl",
            "energies.jsonl",
            "data.json",
            "report.html",
            "scales.json",
            "start.safetensors",
        ];
        let events = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let events = events.map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(PREFIX)
        });
        let files = files.map(|name| self.root.join(name)).into_iter();
        for path in files.chain(events) {
            if path.exists() {
                fs::remove_file(&path).map_err(|e| fail(&path, e))?;
            }
        }
        Ok(())
    }

    /// Whether nothing that anybody may want came about here yet: no checkpoint, no step, no picture put aside.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        let read = |name| fs::read_to_string(self.file(name)).unwrap_or_default();
        !self.file("latest").exists()
            && read("quarantine.jsonl").is_empty()
            && !read("metrics.jsonl").contains("\"loss\":")
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the run.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where checkpoints lie.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// The checkpoint that `latest` or `best` names.
    ///
    /// # Errors
    /// Nothing was saved yet, or the file names nothing under `checkpoints/`.
    pub fn pointed(&self, pointer: &str) -> Result<PathBuf> {
        let path = self.file(pointer);
        let name = fs::read_to_string(&path).map_err(|_| {
            let problem = format!(
                "holds no `{pointer}` checkpoint: nothing has been saved yet; wait for the first save, or start the \
                 run anew with --force"
            );
            Error::data(&self.root, problem)
        })?;
        let name = name.trim();
        if Path::new(name).file_name() != Some(name.as_ref()) {
            let problem = "is damaged; write the name of a folder under checkpoints/ into it";
            return Err(Error::data(path, problem));
        }
        Ok(self.checkpoints().join(name))
    }
}

/// Whether `root` holds a run: a `config.toml` that this program wrote, not one of some other tool's.
fn holds_run(root: &Path) -> bool {
    let text = fs::read_to_string(root.join("config.toml")).unwrap_or_default();
    text.starts_with("method = ") && text.contains("\n[train]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_nowhere_but_to_a_checkpoint()
    -> std::result::Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let run = RunFolder::create(&root.path().join("run"), false)?;
        let said = || run.pointed("latest").map_err(|e| e.to_string());
        assert!(said().is_err_and(|e| e.contains("--force")));
        for name in ["", "..", "../../other", "/etc"] {
            fs::write(run.file("latest"), name)?;
            assert!(said().is_err_and(|e| e.contains("damaged")), "{name}");
        }
        fs::write(run.file("latest"), "step-000003\n")?;
        assert_eq!(said(), Ok(run.checkpoints().join("step-000003")));
        Ok(())
    }
}
