//! Verdicts of a run's probes that do not flicker: a new one is called out once two probes in a row agree on it.

use std::cell::Cell;
use std::fs;

use serde_json::Value;

use crate::eval::collapse::Verdict;
use crate::train::{Checkpoint, RunFolder};

/// What earlier probes of a run said.
#[derive(Debug, Default)]
pub struct Steady {
    called: Cell<Option<Verdict>>,
    measured: Cell<Option<Verdict>>,
    untrained: Cell<Option<f64>>,
}

/// What is said of one probe.
pub struct Called {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason.
    pub why: String,
    /// The verdict of this probe alone, where it is another one.
    pub measured: Option<Verdict>,
}

impl Steady {
    /// What the journal of the run in `folder` tells up to its latest checkpoint; of a new run, nothing.
    #[must_use]
    pub fn of(folder: Option<&RunFolder>) -> Self {
        let steady = Self::default();
        let Some(folder) = folder else {
            return steady;
        };
        let latest = folder.pointed("latest");
        let Ok(progress) = latest.and_then(|path| Checkpoint::progress(&path)) else {
            return steady; // nothing saved: the run starts anew
        };
        let text = fs::read_to_string(folder.file("metrics.jsonl")).unwrap_or_default();
        let lines = text
            .lines()
            .map_while(|line| serde_json::from_str(line).ok());
        for line in lines.take_while(|line: &Value| line["step"].as_u64() <= Some(progress.step)) {
            if line["step"] == 0 {
                steady.start(line["knn"].as_f64());
            }
            let verdict = |key: &str| line[key].as_str().and_then(Verdict::named);
            if let Some(called) = verdict("verdict") {
                steady.remember(called, verdict("measured").unwrap_or(called));
            }
        }
        steady
    }

    /// Keep the accuracy of neighbours before training.
    pub fn start(&self, knn: Option<f64>) {
        self.untrained.set(knn);
    }

    /// The accuracy of neighbours before training, where it was measured.
    pub fn untrained(&self) -> Option<f64> {
        self.untrained.get()
    }

    fn remember(&self, called: Verdict, measured: Verdict) {
        if called != Verdict::TooEarly {
            self.called.set(Some(called));
            self.measured.set(Some(measured));
        }
    }

    /// What to call a run whose probe measured `measured`, for the reason `why`.
    #[must_use]
    pub fn call(&self, measured: Verdict, why: String) -> Called {
        let before = self.called.get().filter(|_| measured != Verdict::TooEarly);
        let agreed = self.measured.get() == Some(measured);
        let verdict = before.filter(|_| !agreed).unwrap_or(measured);
        self.remember(verdict, measured);
        if verdict == measured {
            return Called {
                verdict,
                why,
                measured: None,
            };
        }
        Called {
            verdict,
            why: format!(
                "still called {verdict} until a second probe agrees with this one ({measured}: {why})"
            ),
            measured: Some(measured),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Collapsed, Healthy, TooEarly, Uninformative};

    #[test]
    fn a_new_verdict_takes_two_probes() {
        let steady = Steady::default();
        let measured = [
            TooEarly,
            Healthy,
            Collapsed,
            Healthy,
            Collapsed,
            Collapsed,
            Uninformative,
            Healthy,
            Healthy,
        ];
        let called = measured.map(|verdict| steady.call(verdict, String::new()).verdict);
        let expected = [
            TooEarly, Healthy, Healthy, Healthy, Healthy, Collapsed, Collapsed, Collapsed, Healthy,
        ];
        assert_eq!(called, expected);
    }
}
