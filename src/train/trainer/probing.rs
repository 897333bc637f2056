//! Probes, and what is saved after them.

use serde_json::json;

use super::{Live, Trainer, head};
use crate::error::Result;
use crate::train::Checkpoint;
use crate::train::average::Average;
use crate::train::config::due;
use crate::train::observer::Moment;

impl Trainer<'_> {
    pub(super) fn save(&self, live: &Live) -> Result<()> {
        let average = live.average.as_ref();
        let average = average.map(|average| average.values(self.params));
        let tensors = (&live.state, average.as_ref());
        let keep = self.config.keep;
        Checkpoint::save(self.run, self.params, tensors, &live.progress, keep)
    }

    /// Probe where it is due; whether this is the best step so far.
    pub(super) fn probe_if_due(
        &mut self,
        live: &mut Live,
        per_epoch: u64,
        last: bool,
    ) -> Result<bool> {
        let step = live.progress.step;
        let Some(probe) = &mut self.probe else {
            return Ok(false);
        };
        let start = step == 0 && self.guarded;
        if !(last || start) && (probe.every == 0.0 || !due(step, per_epoch, probe.every)) {
            return Ok(false);
        }
        let moment = Moment {
            step,
            per_epoch,
            loss: live.loss,
        };
        let average = live.average.as_ref();
        average.map_or(Ok(()), Average::swap)?;
        let found = (probe.run)(moment)?;
        average.map_or(Ok(()), Average::swap)?;
        let mut line = head(step, per_epoch);
        for (name, value) in &found.values {
            line.insert((*name).into(), json!(value));
        }
        for (name, list) in &found.lists {
            line.insert((*name).into(), json!(list));
        }
        for (name, text) in &found.notes {
            line.insert((*name).into(), json!(text));
        }
        live.journal.append(&line)?;
        self.observer.journaled(step, &line);
        self.observer.probed(step, &found);
        let (improved, said) = live.progress.probed(&found, self.guarded);
        if let Some(said) = said {
            self.observer.message(&said);
        }
        Ok(improved)
    }

    /// Leave in the parameters what the run ends with, and name it where that is not its last step.
    pub(super) fn end(&mut self, live: &Live) -> Result<()> {
        live.average.as_ref().map_or(Ok(()), Average::swap)?;
        let Some((step, said)) = live.progress.ends_with_best(self.guarded) else {
            return Ok(());
        };
        let name = Checkpoint::name(step);
        let path = self.run.checkpoint(&name)?;
        Checkpoint::load(&path, Checkpoint::evaluated(&path), self.params)?;
        self.run.end_with(&name)?;
        self.observer.message(&said);
        Ok(())
    }
}
