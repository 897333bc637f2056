//! How far a run has come, and how it compares with its start.

use serde::{Deserialize, Serialize};

use super::observer::Probed;

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Updates done.
    pub step: u64,
    /// Samples trained on.
    pub images: u64,
    /// Seconds spent in steps, over all processes that worked on the run.
    pub seconds: f64,
    /// The step of the best probe so far and its value.
    pub best: Option<(u64, f64)>,
    /// What the probe of the starting weights found, in a run that guards them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// What the latest probe found, in such a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<f64>,
    /// Whether the latest probe found the embeddings collapsed, in such a run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub collapsed: bool,
    /// The step of the first probe that was clearly below that of the starting weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fell: Option<u64>,
}

impl Progress {
    /// Note what a probe `found` after this step: whether it is the best so far, and what is to be said of it.
    ///
    /// A `guarded` run counts its start, of two equal probes prefers the later, and keeps nothing that has collapsed.
    pub(super) fn probed(&mut self, found: &Probed, guarded: bool) -> (bool, Option<String>) {
        let Some(score) = found.score else {
            let blind = guarded && self.step == 0;
            return (false, blind.then(no_labels));
        };
        let best = self.best.map(|(_, best)| best);
        let improved = (guarded || self.step > 0)
            && !(guarded && self.step > 0 && found.collapsed)
            && best.is_none_or(|best| score > best || (guarded && score == best));
        if improved {
            self.best = Some((self.step, score));
        }
        if !guarded {
            return (improved, None);
        }
        self.now = Some(score);
        self.collapsed = found.collapsed;
        let start = *self.start.get_or_insert(score);
        let falls = self.fell.is_none() && start - score > found.noise;
        if falls {
            self.fell = Some(self.step);
        }
        (improved, falls.then(|| self.has_fallen(start, score)))
    }

    fn has_fallen(&self, start: f64, score: f64) -> String {
        let best = self.best.map_or(0, |(step, _)| step);
        format!(
            "warning: after step {} the probe is at {:.1} %, with the starting weights it was at {:.1} %: what they knew is \
             being lost. Lower `optimizer.lr` or `train.encoder_rate`, give `train.freeze_epochs` or `train.layer_decay`, or \
             hold the features with an anchor (regularizers, kind = \"anchor\"). The best so far, that of step {best}, is \
             kept, and the run ends with it unless a later one is better",
            self.step,
            100.0 * score,
            100.0 * start
        )
    }

    /// The best step of a `guarded` run, where that is not the last one, and what is said of it.
    pub(super) fn ends_with_best(&self, guarded: bool) -> Option<(u64, String)> {
        let (step, best) = self
            .best
            .filter(|(step, _)| guarded && *step != self.step)?;
        let what = match step {
            0 => "its starting weights".to_string(),
            step => format!("step {step}"),
        };
        let said = format!(
            "the run ends with {what}, probed at {:.1} %: the last step is at {:.1} %{}, and --checkpoint latest takes that",
            100.0 * best,
            100.0 * self.now.unwrap_or(f64::NAN),
            if self.collapsed {
                ", but has collapsed"
            } else {
                ""
            }
        );
        Some((step, said))
    }
}

fn no_labels() -> String {
    "no image that is probed has a label: nothing tells whether the run falls below its starting weights, and it ends with \
     its last step; compare `ravine probe` with labelled images of the same kind before you use it"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(score: f64) -> Probed {
        Probed {
            score: Some(score),
            noise: 0.02,
            ..Probed::default()
        }
    }

    #[test]
    fn a_guarded_run_says_once_that_it_fell_and_ends_with_the_better() {
        let mut progress = Progress::default();
        let mut said = Vec::new();
        for (step, score) in [(0, 0.8), (1, 0.8), (2, 0.79), (3, 0.7), (4, 0.6), (5, 0.75)] {
            progress.step = step;
            let (improved, words) = progress.probed(&found(score), true);
            assert_eq!(improved, step <= 1, "step {step}");
            said.extend(words.map(|words| (step, words)));
        }
        assert_eq!(said.len(), 1);
        let (step, words) = &said[0];
        assert_eq!(
            (*step, progress.fell, progress.best),
            (3, Some(3), Some((1, 0.8)))
        );
        for part in ["70.0 %", "80.0 %", "step 1", "train.encoder_rate", "anchor"] {
            assert!(words.contains(part), "{words}");
        }
        let (end, words) = progress.ends_with_best(true).unwrap_or_default();
        assert!(
            end == 1 && words.contains("step 1") && words.contains("75.0 %"),
            "{words}"
        );
        progress.step = 6;
        assert!(progress.probed(&found(0.9), true).0);
        assert_eq!(progress.ends_with_best(true), None);
    }

    #[test]
    fn what_has_collapsed_is_not_better_than_the_start() {
        let mut progress = Progress::default();
        assert!(progress.probed(&found(0.2), true).0);
        progress.step = 1;
        let lucky = Probed {
            collapsed: true,
            ..found(0.25)
        };
        assert!(!progress.probed(&lucky, true).0);
        let (end, words) = progress.ends_with_best(true).unwrap_or_default();
        assert!(
            end == 0 && words.contains("25.0 %, but has collapsed"),
            "{words}"
        );
    }

    #[test]
    fn a_run_without_guard_says_nothing_and_does_not_count_its_start() {
        let mut progress = Progress::default();
        assert_eq!(progress.probed(&found(0.8), false), (false, None));
        progress.step = 1;
        assert_eq!(progress.probed(&found(0.3), false), (true, None));
        progress.step = 2;
        assert_eq!(progress.probed(&found(0.3), false), (false, None));
        assert_eq!(progress.ends_with_best(false), None);
    }

    #[test]
    fn without_labels_it_is_said_that_nothing_is_guarded() {
        let mut progress = Progress::default();
        let said = |progress: &mut Progress| progress.probed(&Probed::default(), true).1;
        assert!(said(&mut progress).is_some());
        progress.step = 1;
        assert!(said(&mut progress).is_none());
    }
}
