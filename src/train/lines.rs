//! The journal of a run, read back.

use std::fs;
use std::io::ErrorKind;

use serde_json::{Map, Value};

use super::RunFolder;
use crate::error::{Error, Result};

/// One line of the journal: of a step, or of a probe.
pub type Line = Map<String, Value>;

impl RunFolder {
    /// The whole lines of `metrics.jsonl`; none before the first step.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lines(&self) -> Result<Vec<Line>> {
        let path = self.file("metrics.jsonl");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => String::new(),
            Err(e) => return Err(Error::data(&path, format!("cannot be read: {e}"))),
        };
        let lines = text.lines();
        Ok(lines
            .map_while(|line| serde_json::from_str(line).ok())
            .collect())
    }
}

/// What a line holds beside its place in the run, under names that tell both kinds of lines apart: `train/loss` of a step,
/// `probe/knn` of a probe.
pub fn tagged(line: &Line) -> impl Iterator<Item = (String, &Value)> {
    let kind = if line.contains_key("loss") {
        "train"
    } else {
        "probe"
    };
    let own = line
        .iter()
        .filter(|(name, _)| !["step", "epoch"].contains(&name.as_str()));
    own.map(move |(name, value)| (format!("{kind}/{name}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_up_to_one_that_is_torn() -> std::result::Result<(), Box<dyn std::error::Error>>
    {
        let root = tempfile::tempdir()?;
        let run = RunFolder::create(&root.path().join("run"), false)?;
        assert!(run.lines()?.is_empty());
        let text = "{\"step\":1,\"epoch\":0.5,\"loss\":2.0}\n{\"step\":1,\"epoch\":0.5,\"knn\":0.9}\n{\"step\":2,\"lo";
        fs::write(run.file("metrics.jsonl"), text)?;
        let lines = run.lines()?;
        let tags = lines.iter().flat_map(tagged).map(|(tag, _)| tag);
        assert_eq!(tags.collect::<Vec<_>>(), ["train/loss", "probe/knn"]);
        Ok(())
    }
}
