//! A run folder as it is read for a report.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::journal::{Told, of_answers, read};
use super::origins::{Setting, settings};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::train::RunFolder;

/// An image that could not be read.
#[derive(Debug)]
pub(super) struct PutAside {
    pub(super) step: u64,
    pub(super) id: String,
    pub(super) reason: String,
}

/// What a run folder tells without its network: finished, stopped or still running.
#[derive(Debug)]
pub struct RunRecord {
    root: PathBuf,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) told: Told,
    pub(super) card: Option<Value>,
    pub(super) put_aside: Vec<PutAside>,
    pub(super) settings: Vec<Setting>,
    pub(super) epochs: u64,
    /// Whether energies are of answers to questions, and not of pairs of views.
    pub(super) answers: bool,
}

impl RunRecord {
    /// Read the run at `root`; it goes by its folder's name.
    ///
    /// # Errors
    /// [`Error::Usage`] where there is no run, or its configuration or card cannot be read.
    pub fn open(root: &Path) -> Result<Self> {
        let wrong = |e: Error| Error::Usage(e.to_string());
        let folder = RunFolder::read(root).map_err(wrong)?;
        let config = Config::of_run(&folder.file("config.toml")).map_err(wrong)?;
        let text = |name: &str| fs::read_to_string(folder.file(name)).unwrap_or_default();
        let card = text("card.json");
        let card = if card.is_empty() {
            None
        } else {
            let path = folder.file("card.json");
            let damaged = |e| {
                Error::Usage(format!(
                    "{}: is damaged ({e}); move it aside, and the report does without it",
                    path.display()
                ))
            };
            Some(serde_json::from_str(&card).map_err(damaged)?)
        };
        let full = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let name = full.file_name().map_or_else(
            || root.display().to_string(),
            |n| n.to_string_lossy().into(),
        );
        let mut told = read(&text("metrics.jsonl"));
        let answers = !config.all_heads().is_empty();
        if told.histograms.is_empty() {
            let epoch = config.train.epochs as f64;
            (told.histograms).extend(of_answers(&text("energies.jsonl"), told.steps, epoch));
        }
        Ok(Self {
            root: root.to_path_buf(),
            name,
            method: config.method.clone(),
            told,
            answers,
            card,
            put_aside: put_aside(&text("quarantine.jsonl")),
            settings: settings(&config)?,
            epochs: config.train.epochs,
        })
    }

    /// Read several runs; those whose folders have one name go by their paths.
    ///
    /// # Errors
    /// As [`RunRecord::open`].
    pub fn open_all(roots: &[impl AsRef<Path>]) -> Result<Vec<Self>> {
        let runs = roots.iter().map(|root| Self::open(root.as_ref()));
        let mut runs: Vec<Self> = runs.collect::<Result<_>>()?;
        let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
        for run in &mut runs {
            if names.iter().filter(|name| **name == run.name).count() > 1 {
                run.name = run.root.display().to_string();
            }
        }
        Ok(runs)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A number of the card; a list of keys leads into it.
    pub(super) fn card_number(&self, path: &[&str]) -> Option<f64> {
        let mut value = self.card.as_ref()?;
        for key in path {
            value = value.get(key)?;
        }
        value.as_f64()
    }

    /// A text of the card.
    pub(super) fn card_text(&self, key: &str) -> Option<&str> {
        self.card.as_ref()?.get(key)?.as_str()
    }

    /// The last value of a number of the journal.
    pub(super) fn last(&self, name: &str) -> Option<f64> {
        self.told.curves.get(name)?.last()
    }
}

fn put_aside(text: &str) -> Vec<PutAside> {
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_string();
        Some(PutAside {
            step: line["step"].as_u64()?,
            id: text("id"),
            reason: text("reason"),
        })
    };
    text.lines().filter_map(line).collect()
}
