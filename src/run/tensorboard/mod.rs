//! A run as TensorBoard shows it: beside the journal, an event file in the run's folder.

mod hparams;
mod summaries;
mod views;

use crate::config::Config;
use crate::error::Result;
use crate::events::{EventFile, EventSummary, Summarized, event::What};
use crate::objectives::Batch;
use crate::train::{Line, Observer, Probed, RunFolder, StepReport};

/// Hands everything on to another observer, and writes it down for TensorBoard.
pub(super) struct Recorder<'a> {
    inner: &'a mut dyn Observer,
    /// `None` once it could not be written.
    file: Option<EventFile>,
    /// Mean and deviation that were taken off the pictures, of each channel.
    normalized: Option<(Vec<f32>, Vec<f32>)>,
    /// Whether the views of the next batch are drawn.
    draw: bool,
    step: u64,
}

impl<'a> Recorder<'a> {
    /// Start an event file in `folder`; `resumed` is the step from which the run goes on.
    pub(super) fn start(
        inner: &'a mut dyn Observer,
        folder: &RunFolder,
        config: &Config,
        resumed: Option<u64>,
    ) -> Result<Self> {
        let file = EventFile::create(folder.root(), resumed.map_or(0, |step| step + 1))?;
        let first = file.is_first();
        let augment = &config.augment;
        let mut recorder = Self {
            inner,
            file: Some(file),
            normalized: augment.mean.clone().zip(augment.std.clone()),
            draw: true,
            step: resumed.unwrap_or(0),
        };
        if first {
            recorder.write(0, hparams::of(config)?);
        }
        Ok(recorder)
    }

    /// Write how the run ended.
    pub(super) fn end(&mut self, well: bool) {
        self.write(self.step, vec![hparams::end(well)]);
    }

    /// A file that cannot be written is no reason to stop the run.
    fn write(&mut self, step: u64, value: Vec<Summarized>) {
        let Some(file) = self.file.as_mut().filter(|_| !value.is_empty()) else {
            return;
        };
        if let Err(error) = file.append(step, What::Summary(EventSummary { value })) {
            self.file = None;
            self.inner.message(&format!(
                "warning: {error}; the run goes on without events for TensorBoard"
            ));
        }
    }
}

impl Observer for Recorder<'_> {
    fn batch(&mut self, batch: &Batch) {
        if std::mem::take(&mut self.draw) {
            let normalized = self.normalized.as_ref();
            let drawn = views::views(&batch.inputs, normalized).ok().flatten();
            self.write(batch.step + 1, drawn.into_iter().collect());
        }
        self.inner.batch(batch);
    }

    fn journaled(&mut self, step: u64, line: &Line) {
        self.step = step;
        self.write(step, summaries::of(line));
        self.inner.journaled(step, line);
    }

    fn step(&mut self, report: &StepReport) {
        self.inner.step(report);
    }

    fn probed(&mut self, step: u64, found: &Probed) {
        self.draw = true;
        self.inner.probed(step, found);
    }

    fn message(&mut self, text: &str) {
        self.inner.message(text);
    }
}
