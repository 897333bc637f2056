//! What a run has left behind so far: its checkpoints by name, its last loss.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::RunFolder;
use crate::error::{Error, Result, hint};

/// Files of the run folder that point to a checkpoint.
const POINTERS: [&str; 2] = ["latest", "best"];

impl RunFolder {
    /// The folder of the checkpoint `name`: `latest`, `best`, or a name under `checkpoints/` such as `step-000100`.
    ///
    /// # Errors
    /// [`Error::Usage`] on a name that the run does not have; as [`RunFolder::pointed`].
    pub fn checkpoint(&self, name: &str) -> Result<PathBuf> {
        let path = if POINTERS.contains(&name) {
            self.pointed(name)?
        } else {
            self.checkpoints().join(name)
        };
        let inside = Path::new(name).file_name() == Some(name.as_ref());
        if inside && path.is_dir() {
            return Ok(path);
        }
        let saved = self.saved();
        let known = POINTERS.into_iter().chain(saved.iter().map(String::as_str));
        let known: Vec<&str> = known.collect();
        Err(Error::Usage(format!(
            "{}: is no checkpoint of this run; give latest, best, or a name under checkpoints/; {}",
            path.display(),
            hint(name, known)
        )))
    }

    /// Names of the checkpoints that were kept, the oldest first.
    #[must_use]
    pub fn saved(&self) -> Vec<String> {
        let entries = fs::read_dir(self.checkpoints());
        let entries = entries.into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("step-")).collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        names
    }

    /// Name of the latest checkpoint.
    ///
    /// # Errors
    /// As [`RunFolder::pointed`].
    pub fn latest(&self) -> Result<String> {
        let path = self.pointed("latest")?;
        let name = path.file_name().unwrap_or_default();
        Ok(name.to_string_lossy().into_owned())
    }

    /// The loss on the last line of the journal that has one; NaN without any.
    #[must_use]
    pub fn last_loss(&self) -> f64 {
        let text = fs::read_to_string(self.file("metrics.jsonl")).unwrap_or_default();
        let loss = |line: &str| serde_json::from_str::<Value>(line).ok()?["loss"].as_f64();
        text.lines().rev().find_map(loss).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_a_checkpoint_of_the_run_or_to_a_sentence()
    -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let run = RunFolder::create(&root.path().join("run"), false)?;
        for name in ["step-000100", "step-000020", "step-1000000"] {
            fs::create_dir_all(run.checkpoints().join(name))?;
        }
        assert_eq!(run.saved(), ["step-000020", "step-000100", "step-1000000"]);
        fs::write(run.file("latest"), "step-000100")?;
        assert_eq!(run.latest()?, "step-000100");
        assert_eq!(run.checkpoint("latest")?, run.checkpoint("step-000100")?);
        let said = |name| run.checkpoint(name).map_err(|e| e.to_string());
        assert!(said("step-000101").is_err_and(|e| e.contains("did you mean `step-000100`")));
        assert!(said("best").is_err_and(|e| e.contains("nothing has been saved")));
        assert!(said("..").is_err() && said("").is_err());
        fs::write(run.file("latest"), "step-000300")?;
        assert!(said("latest").is_err_and(|e| e.contains("is no checkpoint")));
        Ok(())
    }

    #[test]
    fn the_last_loss_is_that_of_the_last_line_with_one() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let run = RunFolder::create(&root.path().join("run"), false)?;
        assert!(run.last_loss().is_nan());
        let lines = "{\"loss\": 2.0}\n{\"loss\": 1.5}\n{\"knn\": 0.9}\n";
        fs::write(run.file("metrics.jsonl"), lines)?;
        assert_eq!(run.last_loss(), 1.5);
        Ok(())
    }
}
