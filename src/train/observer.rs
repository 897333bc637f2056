//! What probes find and what observers see of a run.

use super::lines::Line;
use crate::error::Result;
use crate::objectives::Batch;

/// What a probe found, in the order it is journaled.
#[derive(Clone, Debug, Default)]
pub struct Probed {
    /// Named numbers, for example `knn`, `spread`, `rank`.
    pub values: Vec<(&'static str, f64)>,
    /// Named lists of numbers, journaled after the numbers, for example histograms.
    pub lists: Vec<(&'static str, Vec<f64>)>,
    /// Words, journaled after the numbers, for example the verdict and its reason.
    pub notes: Vec<(&'static str, String)>,
    /// The number that makes a checkpoint the best when it is the highest so far.
    pub score: Option<f64>,
    /// Half the width of its 95 % interval: a smaller fall may be chance.
    pub noise: f64,
    /// Whether the embeddings have collapsed: then a high score is chance, and no reason to keep them.
    pub collapsed: bool,
}

/// An online probe: a closure, so that the trainer knows nothing of evaluation.
pub struct Probe<'a> {
    /// Epochs between probes, fractions allowed; 0 probes at the end only.
    pub every: f64,
    /// The probe itself, given when it is made.
    pub run: Box<dyn FnMut(Moment) -> Result<Probed> + 'a>,
}

/// When a probe is made.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Updates done.
    pub step: u64,
    /// Updates of an epoch.
    pub per_epoch: u64,
    /// The loss of the last step; `None` before the first that this process made.
    pub loss: Option<f64>,
}

/// What an observer sees of a step.
#[derive(Clone, Copy, Debug)]
pub struct StepReport {
    /// Updates done.
    pub step: u64,
    /// Updates of the whole run.
    pub steps: u64,
    /// Updates of an epoch.
    pub per_epoch: u64,
    /// The loss.
    pub loss: f64,
    /// Samples of the step.
    pub images: usize,
    /// Seconds of the step, waiting for its batch included.
    pub seconds: f64,
}

impl StepReport {
    /// Samples a second.
    #[must_use]
    pub fn images_per_s(&self) -> f64 {
        self.images as f64 / self.seconds
    }
}

/// Watches a run: progress bars, messages.
pub trait Observer {
    /// Before each step, with what it learns from.
    fn batch(&mut self, _batch: &Batch) {}
    /// After each line of the journal.
    fn journaled(&mut self, _step: u64, _line: &Line) {}
    /// After each step.
    fn step(&mut self, _report: &StepReport) {}
    /// After each probe.
    fn probed(&mut self, _step: u64, _found: &Probed) {}
    /// A sentence for the user.
    fn message(&mut self, _text: &str) {}
}

/// Watches nothing.
pub struct Silent;

impl Observer for Silent {}
