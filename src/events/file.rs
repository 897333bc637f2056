//! An event file that grows.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use super::messages::{Event, SessionLog, event::What};
use super::record::framed;
use crate::error::{Error, Result};

/// How the names of event files start; TensorBoard reads those of a folder in the order of their names.
pub const PREFIX: &str = "events.out.tfevents.";

/// An append-only event file, each record written at once.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    path: PathBuf,
    first: bool,
}

impl EventFile {
    /// Start a file in `folder`, after those that are there. What they hold of steps from `from` on is written again.
    ///
    /// Every file marks where it starts: of the marks of a run, TensorBoard's page takes the first for no restart.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(folder: &Path, from: u64) -> Result<Self> {
        let before = seconds_of(folder);
        let seconds = before.iter().copied().fold(now() as u64, u64::max);
        let name = format!("{PREFIX}{seconds:010}.{:04}.ravine", before.len());
        let path = folder.join(name);
        let file = File::create_new(&path)
            .map_err(|e| Error::data(&path, format!("cannot be written: {e}")))?;
        let mut events = Self {
            file,
            path,
            first: before.is_empty(),
        };
        events.append(0, What::FileVersion("brain.Event:2".into()))?;
        events.append(from, What::SessionLog(SessionLog { status: 1 }))?;
        Ok(events)
    }

    /// Whether it is the first of its folder.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// Append what happened after `step` updates.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn append(&mut self, step: u64, what: What) -> Result<()> {
        let event = Event {
            wall_time: now(),
            step: step as i64,
            what: Some(what),
        };
        self.file
            .write_all(&framed(&event.encode_to_vec()))
            .map_err(|e| Error::data(&self.path, format!("cannot be written: {e}")))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

/// When the event files of `folder` were started.
fn seconds_of(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let seconds = |name: String| {
        let rest = name.strip_prefix(PREFIX)?;
        Some(rest.split('.').next()?.parse().unwrap_or_default())
    };
    names.filter_map(seconds).collect()
}
