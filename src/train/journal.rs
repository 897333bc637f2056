//! `metrics.jsonl`: one JSON object a line, appended as training goes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde_json::Value;

use super::Line;
use crate::atomic::AtomicFile;
use crate::error::{Error, Result};

/// An append-only file of JSON lines, each written at once.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: std::path::PathBuf,
}

impl Journal {
    /// Open `path`, keeping the lines whose `step` is at most `step` (a resumed run writes the rest again).
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(path: &Path, step: u64) -> Result<Self> {
        let fail = |e: std::io::Error| Error::data(path, format!("cannot be written: {e}"));
        let kept = match File::open(path) {
            Ok(file) => kept_lines(file, step),
            Err(_) => String::new(),
        };
        let mut whole = AtomicFile::create(path)?;
        whole.write_all(kept.as_bytes()).map_err(fail)?;
        whole.commit()?;
        let file = OpenOptions::new().append(true).open(path).map_err(fail)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
        })
    }

    /// Append one object.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn append(&mut self, object: &Line) -> Result<()> {
        let unwritable = |e: String| Error::data(&self.path, format!("cannot be written: {e}"));
        let line = serde_json::to_string(object).map_err(|e| unwritable(e.to_string()))?;
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|e| unwritable(e.to_string()))
    }
}

/// Whole lines up to the first that is torn or lies after `step`.
fn kept_lines(file: File, step: u64) -> String {
    let mut kept = String::new();
    for line in BufReader::new(file).lines().map_while(std::io::Result::ok) {
        let at = serde_json::from_str::<Value>(&line)
            .ok()
            .and_then(|value| value["step"].as_u64());
        match at {
            Some(at) if at <= step => {
                kept.push_str(&line);
                kept.push('\n');
            }
            _ => break,
        }
    }
    kept
}
