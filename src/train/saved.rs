//! What a run has left behind so far: its checkpoints by name, its last loss.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::RunFolder;
use super::checkpoint::{Checkpoint, point};
use crate::error::{Error, Result, hint};

/// Files of the run folder that point to a checkpoint.
const POINTERS: [&str; 3] = [END, "latest", "best"];

/// Names the checkpoint that a run ended with, where that is not the latest.
const END: &str = "end";

impl RunFolder {
    /// The folder of the checkpoint `name`: `end` (what the run ended with, so far the latest), `latest`, `best`, or a name
    /// under `checkpoints/` such as `step-000100`.
    ///
    /// # Errors
    /// [`Error::Usage`] on a name that the run does not have; as [`RunFolder::pointed`].
    pub fn checkpoint(&self, name: &str) -> Result<PathBuf> {
        let path = if name == END && !self.file(END).exists() {
            self.pointed("latest")?
        } else if POINTERS.contains(&name) {
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
            "{}: is no checkpoint of this run; give end, latest, best, or a name under checkpoints/; {}",
            path.display(),
            hint(name, known)
        )))
    }

    /// The file of weights that commands take of the run at `path` without being told which: what it ended with, the moving
    /// average where it has one; `path` itself where it is no run.
    ///
    /// # Errors
    /// As [`RunFolder::checkpoint`].
    pub fn weights_of(path: &Path) -> Result<PathBuf> {
        let is_run =
            ["checkpoints", "start.safetensors", "latest"].map(|name| path.join(name).exists());
        if !path.join("config.toml").is_file() || !is_run.contains(&true) {
            return Ok(path.to_path_buf());
        }
        let checkpoint = Self::read(path)?.checkpoint(END)?;
        Ok(checkpoint.join(Checkpoint::evaluated(&checkpoint).file()))
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

    /// Name of the checkpoint that the run ended with: the latest, or the best of a guarded run.
    ///
    /// # Errors
    /// As [`RunFolder::pointed`].
    pub fn ended(&self) -> Result<String> {
        let path = self.checkpoint(END)?;
        let name = path.file_name().unwrap_or_default();
        Ok(name.to_string_lossy().into_owned())
    }

    /// Let the run end with the checkpoint `name`.
    pub(super) fn end_with(&self, name: &str) -> Result<()> {
        point(&self.file(END), name)
    }

    /// The run has not ended, or not any more.
    pub(super) fn reopen(&self) -> Result<()> {
        let path = self.file(END);
        if !path.exists() {
            return Ok(());
        }
        fs::remove_file(&path).map_err(|e| Error::data(path, format!("cannot be removed: {e}")))
    }

    /// The loss on the last line of the journal up to `step` that has one; NaN without any.
    #[must_use]
    pub fn loss_at(&self, step: u64) -> f64 {
        let text = fs::read_to_string(self.file("metrics.jsonl")).unwrap_or_default();
        let loss = |line: &str| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["loss"]
                .as_f64()
                .filter(|_| line["step"].as_u64() <= Some(step))
        };
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
        assert_eq!(run.ended()?, "step-000100");
        run.end_with("step-000020")?;
        assert_eq!(run.ended()?, "step-000020");
        run.reopen()?;
        assert_eq!(run.checkpoint("end")?, run.checkpoint("latest")?);
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
    fn the_loss_is_that_of_the_last_line_with_one() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let run = RunFolder::create(&root.path().join("run"), false)?;
        assert!(run.loss_at(9).is_nan());
        let lines = "{\"step\": 1, \"loss\": 2.0}\n{\"step\": 2, \"loss\": 1.5}\n{\"step\": 2, \"knn\": 0.9}\n";
        fs::write(run.file("metrics.jsonl"), lines)?;
        assert_eq!((run.loss_at(9), run.loss_at(1)), (1.5, 2.0));
        assert!(run.loss_at(0).is_nan());
        Ok(())
    }
}
