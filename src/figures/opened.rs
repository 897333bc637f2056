//! A run opened to be drawn, at one of its checkpoints.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::assembly::{HeadData, HeadSetup, OpenedRun};
use crate::data::table::Tables;
use crate::error::Result;
use crate::eval::surface::FLAT;
use crate::heads::HeadKind;
use crate::inference::EnergyModel;
use crate::plot::short;
use crate::train::{Checkpoint, RunFolder, WeightSet};

/// A run with its parts; the energy model holds the values of its checkpoint.
pub struct Opened {
    /// Where the run lies.
    pub folder: RunFolder,
    /// Its configuration with the data opened.
    pub task: HeadSetup,
    pub(super) model: EnergyModel,
    /// Name of the checkpoint that is drawn.
    pub checkpoint: String,
    /// Cells along each axis of a surface.
    pub(super) grid: usize,
    /// Which weights of checkpoints are drawn, where they have two sets.
    weights: WeightSet,
    /// The card, or null where training did not come to its end.
    card: Value,
}

impl Opened {
    /// Take the checkpoint of `run`, to draw surfaces of `grid` cells along each axis.
    ///
    /// # Errors
    /// The run has no head, or its checkpoint or data cannot be read.
    pub fn new(run: OpenedRun, grid: usize) -> Result<Self> {
        run.require_head(
            "has no head whose energies could be drawn: it was pretrained; draw runs of `ravine train`",
        )?;
        let task = HeadSetup::new(run.config.clone())?;
        let model = task.model(None)?;
        run.load(model.network().params())?;
        let text = fs::read_to_string(run.folder.file("card.json")).unwrap_or_default();
        Ok(Self {
            checkpoint: name_of(&run.checkpoint),
            weights: run.weights,
            card: serde_json::from_str(&text).unwrap_or_default(),
            folder: run.folder,
            task,
            model,
            grid,
        })
    }

    /// What `draw` makes of the machine as it was at the saved checkpoint `name`; at the start with `None`.
    ///
    /// # Errors
    /// The checkpoint cannot be read.
    pub(super) fn at<T>(
        &self,
        name: Option<&str>,
        draw: impl FnOnce(&EnergyModel) -> Result<T>,
    ) -> Result<T> {
        let model = self.task.model(None)?;
        if let Some(name) = name {
            let path = self.folder.checkpoints().join(name);
            let set = match self.weights {
                WeightSet::Averaged => Checkpoint::evaluated(&path),
                WeightSet::Trained => WeightSet::Trained,
            };
            Checkpoint::load(&path, set, model.network().params())?;
        }
        draw(&model)
    }

    /// Whether the values at the start are a function of the configuration: not those of an encoder taken over.
    pub(super) fn starts_fresh(&self) -> bool {
        self.task.config.pretrained.is_none()
    }

    /// The table, where x are rows of numbers.
    pub(super) fn tables(&self) -> Option<&Tables> {
        match &self.task.data {
            HeadData::Table(tables) => Some(tables),
            HeadData::Images(_) => None,
        }
    }

    /// Last part of the folder's name.
    pub(super) fn name(&self) -> String {
        name_of(self.folder.root())
    }

    /// The card, when it is of the checkpoint that is drawn.
    pub(super) fn card(&self) -> Option<&Value> {
        Some(&self.card).filter(|card| card["checkpoint"] == self.checkpoint.as_str())
    }

    /// How much energies varied over answers before training, where the card says that they are flat now; else 0. What is
    /// drawn of a flat energy is drawn on that scale, so that it looks flat.
    pub(super) fn span(&self) -> f64 {
        let number = |key: &str| self.card().and_then(|card| card[key].as_f64());
        match (number("flatness"), number("flatness_before")) {
            (Some(now), Some(before)) => stretched(now, before),
            _ => 0.0,
        }
    }

    /// `E(x, y)`, or `E(y)` without input.
    pub(super) fn energy(&self) -> &'static str {
        match self.tables() {
            Some(tables) if tables.test.is_unconditional() => "E(y)",
            _ => "E(x, y)",
        }
    }

    /// Method, head, loss, data, checkpoint and verdict in one line.
    pub(super) fn note(&self) -> String {
        let config = &self.task.config;
        let heads: Vec<_> = config.all_heads().iter().map(HeadKind::name).collect();
        let verdict = self.card().and_then(|card| card["verdict"].as_str());
        let verdict = verdict.map_or(String::new(), |verdict| format!("; verdict: {verdict}"));
        format!(
            "{} head, loss {}, data {}; {}{verdict}",
            heads.join(" + "),
            config.loss.name(),
            config.data.source,
            said(&self.checkpoint),
        )
    }
}

/// `step-008000` as it is said.
pub(super) fn said(checkpoint: &str) -> String {
    let step = checkpoint
        .strip_prefix("step-")
        .and_then(|s| s.parse::<u64>().ok());
    step.map_or_else(|| checkpoint.into(), |step| format!("step {step}"))
}

/// `before`, where energies that vary by `now` are flat by the judge's rule; else 0.
pub(super) fn stretched(now: f64, before: f64) -> f64 {
    if now < FLAT * before { before } else { 0.0 }
}

/// How much energies vary over answers, in words.
pub(super) fn flat(now: f64, before: Option<f64>) -> String {
    let before = before.map_or(String::new(), |b| {
        format!(" ({} before training)", short(b))
    });
    format!("E varies over y by {}{before}", short(now))
}

fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    whole
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
