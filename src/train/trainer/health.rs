//! What stops a run: images that cannot be read, numbers that are none.

use serde_json::{Value, json};

use super::{Live, Trainer};
use crate::data::Bad;
use crate::error::{Error, Result};
use crate::train::config::due;

impl Trainer<'_> {
    pub(super) fn quarantine(&mut self, live: &mut Live, found: Vec<Bad>) -> Result<()> {
        for bad in found {
            if !live.bad.insert(bad.sample) {
                continue;
            }
            let line = json!({"step": live.progress.step, "sample": bad.sample, "id": bad.id, "reason": bad.reason});
            if let Value::Object(line) = line {
                live.quarantine.append(&line)?;
            }
            self.observer
                .message(&format!("skipped {}: {}", bad.id, bad.reason));
        }
        let share = live.bad.len() as f64 / self.source.samples().max(1) as f64;
        if share > self.max_bad_share {
            return Err(Error::Failed(format!(
                "{} of {} images cannot be read, more than data.max_bad_share = {} allows; \
                 they are listed in {}, and `ravine data check` finds them all: mend or remove them, or raise that share",
                live.bad.len(),
                self.source.samples(),
                self.max_bad_share,
                self.run.file("quarantine.jsonl").display()
            )));
        }
        Ok(())
    }

    /// Before a probe or a save: whatever is saved must be good to go on from.
    pub(super) fn still_finite(&self, live: &Live, per_epoch: u64, last: bool) -> Result<()> {
        let probe = self.probe.as_ref().map_or(0.0, |probe| probe.every);
        let step = live.progress.step;
        let due = |every: f64| every > 0.0 && due(step, per_epoch, every);
        if last || due(probe) || due(self.config.save_every) {
            self.finite(live)?;
        }
        Ok(())
    }

    /// Refuse parameters or running statistics that are no longer numbers, naming the first.
    pub(super) fn finite(&self, live: &Live) -> Result<()> {
        for param in self.params.all() {
            let sum = param.var.as_detached_tensor().abs()?.sum_all()?;
            if !sum.to_scalar::<f32>()?.is_finite() {
                let step = live.progress.step;
                let what = format!("`{}` is not finite after step {step}", param.name);
                return Err(self.diverged(&what, &live.samples));
            }
        }
        Ok(())
    }

    /// Training cannot go on: `what` was seen after a batch of `samples`.
    pub(super) fn diverged(&self, what: &str, samples: &[u64]) -> Error {
        let ids: Vec<String> = samples
            .iter()
            .map(|&sample| self.source.describe(sample))
            .collect();
        let saved = match self.run.pointed("latest") {
            Ok(path) => format!("the last good checkpoint is {}", path.display()),
            Err(_) => "no checkpoint was saved before".into(),
        };
        Error::Failed(format!(
            "{what}; {saved}; lower `optimizer.lr` or set `train.clip`. The batch held: {}",
            ids.join(", ")
        ))
    }
}
