//! The loop.

mod health;
mod probing;

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::average::Average;
use super::config::due;
use super::observer::{Observer, Probe, StepReport};
use super::pacing::Pacing;
use super::source::Source;
use super::{Checkpoint, Journal, Line, Progress, RunFolder, TrainConfig, audit, gradients};
use crate::error::{Error, Result};
use crate::objectives::{Batch, Objective};
use crate::optim::{ENCODER, OptimizerKind, State, clip};
use crate::params::Params;

/// Everything one run needs.
pub struct Trainer<'a> {
    /// What to lower.
    pub objective: &'a mut dyn Objective,
    /// What to change.
    pub params: &'a Params,
    /// How.
    pub optimizer: &'a OptimizerKind,
    /// How long.
    pub config: &'a TrainConfig,
    /// From what.
    pub source: &'a dyn Source,
    /// Where to.
    pub run: &'a RunFolder,
    /// Looked at in between.
    pub probe: Option<Probe<'a>>,
    /// Who watches.
    pub observer: &'a mut dyn Observer,
    /// Set from outside to save and stop.
    pub stop: &'a AtomicBool,
    /// Share of unreadable images that stops the run.
    pub max_bad_share: f64,
    /// Whether the starting weights are good for something: they are probed and kept, and the run ends with the better.
    pub guarded: bool,
}

/// What the loop carries from step to step.
struct Live {
    progress: Progress,
    state: State,
    journal: Journal,
    quarantine: Journal,
    bad: HashSet<u64>,
    loss: Option<f64>,
    samples: Vec<u64>, // of the last batch
    resumed: bool,
    pacing: Pacing,
    average: Option<Average>,
    frozen: Vec<String>, // parameters of the encoder while the heads warm up
}

impl Trainer<'_> {
    /// Train from the beginning, or from the latest checkpoint when `resume`; then the parameters hold what the run ends
    /// with: the last values or, of a guarded run, the best ones, and of either the average where there is one.
    ///
    /// # Errors
    /// The data cannot be read, too many images are bad, the loss is not finite, a parameter gets no
    /// gradient, the disk is full; [`Error::Interrupted`] after a stop from outside, state saved.
    pub fn train(mut self, resume: bool) -> Result<Progress> {
        self.config.validate()?;
        let per_epoch = self.source.batches_per_epoch();
        let steps = per_epoch * self.config.epochs;
        let mut live = self.start(resume, per_epoch)?;
        let source = self.source;
        let mut batches = source.steps(live.progress.step, steps);
        loop {
            let step = live.progress.step;
            let last = step >= steps;
            // What was due at the step a run resumes from is done already.
            if !std::mem::take(&mut live.resumed) {
                self.still_finite(&live, per_epoch, last)?;
                let improved = self.probe_if_due(&mut live, per_epoch, last)?;
                let save = due(step, per_epoch, self.config.save_every);
                if last || improved || (step > 0 && save) {
                    self.save(&live)?;
                }
            }
            if last || step >= self.config.thaw(per_epoch) {
                self.thaw(&mut live);
            }
            if last {
                self.end(&live)?;
                return Ok(live.progress);
            }
            if self.stop.load(Ordering::Relaxed) {
                self.finite(&live)?;
                self.save(&live)?;
                return Err(Error::Interrupted(format!(
                    "stopped at step {step} of {steps}; the state is saved, go on with --resume"
                )));
            }
            let started = Instant::now();
            let loaded = batches.next().ok_or_else(|| {
                Error::Failed(format!("the data ended early, at step {step} of {steps}"))
            })??;
            self.quarantine(&mut live, loaded.bad)?;
            self.step(&mut live, loaded.batch, (per_epoch, steps), started)?;
        }
    }

    fn start(&mut self, resume: bool, per_epoch: u64) -> Result<Live> {
        let mut state = State::default();
        self.run.reopen()?;
        let from = resume.then(|| self.run.pointed("latest")).transpose()?;
        let progress = match &from {
            Some(path) => Checkpoint::resume(path, self.params, &mut state)?,
            None => Progress::default(),
        };
        let average = self.average(from.as_deref(), per_epoch)?;
        let thaw = self.config.thaw(per_epoch);
        let mut frozen = Vec::new();
        if progress.step < thaw {
            frozen = self.params.freeze(|name| name.starts_with(ENCODER));
            if self.params.trainable().is_empty() {
                return Err(Error::key(
                    "train.freeze_epochs",
                    "nothing stands on the encoder that could learn meanwhile; leave it out, or add a projector",
                ));
            }
            self.observer.message(&format!(
                "the encoder stays as it is for {thaw} steps, while what stands on it learns (train.freeze_epochs)"
            ));
        }
        Ok(Live {
            journal: Journal::open(&self.run.file("metrics.jsonl"), progress.step)?,
            quarantine: Journal::open(&self.run.file("quarantine.jsonl"), progress.step)?,
            bad: quarantined(&self.run.file("quarantine.jsonl")),
            progress,
            state,
            loss: None,
            samples: Vec::new(),
            resumed: resume,
            average,
            pacing: Pacing::new(self.config, self.optimizer.part(), self.params, per_epoch),
            frozen,
        })
    }

    /// The average of the weights that the checkpoint `from` goes on with, or of those at the start.
    fn average(&mut self, from: Option<&Path>, per_epoch: u64) -> Result<Option<Average>> {
        let keep = self.config.ema;
        if keep == 0.0 {
            return Ok(None);
        }
        let average = Average::new(self.params, keep)?;
        if let Some(from) = from {
            average.load(from, self.params)?;
        }
        let steps = per_epoch * self.config.epochs;
        let left = 100.0 * keep.powi(steps.min(1 << 30) as i32);
        self.observer.message(&format!(
            "probes and what uses the run later see the moving average of its weights (train.ema {keep}): at the end \
             {left:.0} % of the starting weights are left in it"
        ));
        Ok(Some(average))
    }

    /// Let the encoder learn, where it was frozen so far.
    fn thaw(&mut self, live: &mut Live) {
        if live.frozen.is_empty() {
            return;
        }
        self.params.thaw(&std::mem::take(&mut live.frozen));
        let step = live.progress.step;
        self.observer
            .message(&format!("after step {step} the encoder learns too"));
    }

    fn step(
        &mut self,
        live: &mut Live,
        mut batch: Batch,
        (per_epoch, steps): (u64, u64),
        started: Instant,
    ) -> Result<()> {
        let step = live.progress.step;
        if batch.len() < self.objective.min_batch() {
            return Err(Error::Failed(format!(
                "the batch of step {} holds {} readable samples, too few to learn from; see {}",
                step + 1,
                batch.len(),
                self.run.file("quarantine.jsonl").display()
            )));
        }
        batch.step = step;
        batch.progress = step as f64 / steps as f64;
        self.observer.batch(&batch);
        let computed = gradients(self.objective, &batch, self.config.chunks, self.params)?;
        if !computed.loss.is_finite() {
            let what = format!("the loss is {} at step {}", computed.loss, step + 1);
            return Err(self.diverged(&what, &batch.samples));
        }
        let mut grads = computed.gradients;
        if live.pacing.starts(step) {
            audit::audit(self.params, &grads, step)?;
        }
        if self.config.clip > 0.0 {
            clip(&mut grads, self.config.clip)?;
        }
        let optimizer = self.optimizer.part();
        for param in self.params.trainable() {
            if let Some(gradient) = grads.of.get(&param.name) {
                let pace = live.pacing.at(&param.name, step);
                optimizer.update(&param, gradient, pace, &mut live.state)?;
            }
        }
        live.average.as_ref().map_or(Ok(()), Average::follow)?;
        self.objective
            .after_update((step + 1) as f64 / steps as f64)?;
        live.progress.step += 1;
        live.loss = Some(computed.loss);
        live.samples.clone_from(&batch.samples);

        let report = StepReport {
            step: step + 1,
            steps,
            per_epoch,
            loss: computed.loss,
            images: batch.len(),
            seconds: started.elapsed().as_secs_f64(),
        };
        live.progress.images += report.images as u64;
        live.progress.seconds += report.seconds;
        let mut line = head(step + 1, per_epoch);
        line.insert("loss".into(), json!(computed.loss));
        line.insert("lr".into(), json!(live.pacing.rate(step)));
        if let Some(decay) = live.pacing.moving_decay(step) {
            line.insert("weight_decay".into(), json!(decay));
        }
        let rounded = (report.images_per_s() * 10.0).round() / 10.0;
        line.insert("images_per_s".into(), json!(rounded));
        for (name, value) in computed.metrics {
            line.insert(name.into(), json!(value));
        }
        live.journal.append(&line)?;
        self.observer.journaled(step + 1, &line);
        self.observer.step(&report);
        Ok(())
    }
}

/// The first keys of every line.
fn head(step: u64, per_epoch: u64) -> Line {
    let mut line = Line::new();
    line.insert("step".into(), json!(step));
    line.insert("epoch".into(), json!(step as f64 / per_epoch as f64));
    line
}

/// Samples that a resumed run has put aside already.
fn quarantined(path: &Path) -> HashSet<u64> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["sample"].as_u64())
        .collect()
}
