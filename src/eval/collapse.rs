//! Has the embedding collapsed? A verdict from the loss and the cloud of embeddings together.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Below this relative spread every image has nearly the same embedding. A random encoder has 0.3 or more, a trained
/// one 0.6 to 1, a collapsed one 0.01 or less: the border lies between with room on both sides.
pub const COLLAPSED_SPREAD: f64 = 0.1;

/// Below this effective rank (of at least [`FEWEST_DIMENSIONS`]) the embeddings lie on one line: the spread of two
/// opposite points may look healthy, yet they carry one number.
pub const COLLAPSED_RANK: f64 = 1.5;

/// Embeddings of fewer dimensions are not judged by rank: one or two directions may be all that was asked for.
pub const FEWEST_DIMENSIONS: usize = 4;

/// A loss within this share of its floor counts as at the floor: the noise of a batch is about a percent, and a
/// method that learns leaves its floor by more within an epoch.
pub const FLOOR_MARGIN: f64 = 0.02;

/// Of the pairs that energies order wrongly before training, the share that must be in order for a run to have learned.
pub const LEAST_GAIN: f64 = 0.05;

/// No run is judged before it has made so many steps, nor before its first epoch is over.
pub const FEWEST_STEPS: u64 = 20;

/// The judgement of a run that has made `step` steps, of `per_epoch` an epoch, where that is too few for a verdict.
#[must_use]
pub fn too_early(step: u64, per_epoch: u64) -> Option<Judgement> {
    let needed = FEWEST_STEPS.max(per_epoch);
    let why = match step {
        0 => "no step has been made: these are the starting weights".to_string(),
        1 => format!("one step teaches nothing; a verdict takes {needed}"),
        _ => format!("{step} steps teach too little to judge by; a verdict takes {needed}"),
    };
    (step < needed).then(|| Judgement {
        verdict: Verdict::TooEarly,
        why,
        advice: "give the run more of them with a larger `train.epochs` or a smaller `train.batch`"
            .into(),
    })
}

/// What the state of an embedding is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Embeddings differ between images, the loss has left the value it has when all are equal, and pairs are told
    /// apart better than before training.
    Healthy,
    /// Embeddings differ, but the loss has learned nothing from the data so far.
    Uninformative,
    /// All images have nearly the same embedding, or all lie on one line.
    Collapsed,
    /// The run has made too few steps for any of the others.
    TooEarly,
}

impl Verdict {
    const ALL: [Self; 4] = [
        Self::Healthy,
        Self::Uninformative,
        Self::Collapsed,
        Self::TooEarly,
    ];

    /// The verdict that is displayed as `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.to_string() == name)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Uninformative => "uninformative",
            Self::Collapsed => "collapsed",
            Self::TooEarly => "too early",
        })
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The state.
    pub verdict: Verdict,
    /// What was seen.
    pub why: String,
    /// What usually helps, for where nobody knows the cause; empty when all is well.
    pub advice: String,
}

/// What in a configuration makes a run collapse or learn nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its name, for scripts.
    pub name: String,
    /// The keys at fault, what is wrong with them, and the way out.
    pub why: String,
    /// Whether nothing can be learned however well the cloud of embeddings looks.
    pub blinds: bool,
}

impl Judgement {
    /// The judgement of a run whose energies order right and wrong pairs with this `auroc`, and with that `before`
    /// training.
    ///
    /// A loss also leaves its floor when embeddings differ by chance, as those of an untrained network do.
    #[must_use]
    pub fn since(mut self, auroc: f64, before: f64) -> Self {
        let gained = 1.0 - auroc <= (1.0 - LEAST_GAIN) * (1.0 - before);
        if !gained && self.verdict == Verdict::Healthy {
            self.verdict = Verdict::Uninformative;
            self.why = format!(
                "pairs of views are told from other pairs hardly better than before training (AUROC {auroc:.3}, \
                 before {before:.3})"
            );
            self.advice =
                "train longer, or check the learning rate, the augmentations and the labels or pairs".into();
        }
        self
    }

    /// The judgement of a run whose configuration has `causes`.
    ///
    /// A run whose cloud looks healthy is uninformative under a cause that blinds; the others leave the verdict, which
    /// is what was measured, as it is.
    #[must_use]
    pub fn knowing(mut self, causes: &[Cause]) -> Self {
        let blind = causes.iter().any(|cause| cause.blinds);
        if blind && self.verdict == Verdict::Healthy {
            self.verdict = Verdict::Uninformative;
            self.why
                .push_str(", but pairs teach nothing about the images");
        }
        self
    }

    /// One sentence: what was seen, and its likely `causes`, or without any what usually helps.
    #[must_use]
    pub fn sentence(&self, causes: &[Cause]) -> String {
        if self.verdict == Verdict::Healthy {
            return self.why.clone();
        }
        if causes.is_empty() {
            return [self.why.as_str(), &self.advice].join("; ");
        }
        let causes: Vec<&str> = causes.iter().map(|cause| cause.why.as_str()).collect();
        format!(
            "{}; likely because {}",
            self.why,
            causes.join(", and because ")
        )
    }
}

/// Judge a run by its `loss`, the loss's `floor`, and the relative `spread` and RankMe `rank` of its (N, `dim`) embeddings.
///
/// `floor` is what the loss reads when all embeddings are equal (for SimCLR ln(2N − 1)); `None` for methods whose
/// floor is their minimum (BYOL, SimSiam): there the loss cannot show collapse and only the cloud is judged. A warning,
/// never a reason to stop by itself: a run can sit near the floor for a while and still improve.
///
/// ```
/// use ravine::eval::collapse::{Verdict, judge};
/// let floor = (511.0_f64).ln();
/// assert_eq!(judge(5.0, Some(floor), 0.95, 60.0, 128).verdict, Verdict::Healthy);
/// assert_eq!(judge(floor, Some(floor), 0.95, 60.0, 128).verdict, Verdict::Uninformative);
/// assert_eq!(judge(floor, Some(floor), 0.001, 1.0, 128).verdict, Verdict::Collapsed);
/// ```
#[must_use]
pub fn judge(loss: f64, floor: Option<f64>, spread: f64, rank: f64, dim: usize) -> Judgement {
    let left = |f: &f64| loss < f - FLOOR_MARGIN * f.abs();
    let at_floor = floor.filter(|f| !left(f)); // a loss that is NaN has not left it
    let line = dim >= FEWEST_DIMENSIONS && rank < COLLAPSED_RANK;
    if !spread.is_finite() || spread < COLLAPSED_SPREAD {
        same_point(loss, at_floor, spread)
    } else if line {
        Judgement {
            verdict: Verdict::Collapsed,
            why: format!(
                "the embeddings use {rank:.1} of {dim} directions, so they lie on one line"
            ),
            advice: "raise the weight of the term that decorrelates or separates them, or lower the learning rate"
                .into(),
        }
    } else if let Some(floor) = at_floor {
        nothing_learned(loss, floor, spread)
    } else {
        let loss = match floor {
            Some(floor) => {
                format!(
                    "the loss {loss:.3} is below {floor:.3}, what it reads when all embeddings are equal"
                )
            }
            None => "this loss has no floor to compare with".into(),
        };
        Judgement {
            verdict: Verdict::Healthy,
            why: format!(
                "embeddings differ between images (spread {spread:.2}, {rank:.1} of {dim} directions in use) and {loss}"
            ),
            advice: String::new(),
        }
    }
}

fn same_point(loss: f64, at_floor: Option<f64>, spread: f64) -> Judgement {
    let seen = match at_floor {
        Some(floor) if above(loss, floor) => {
            format!("and the loss {loss:.3} is above {floor:.3}, what it reads then")
        }
        Some(floor) => format!("and the loss {loss:.3} is at its floor {floor:.3}"),
        None => "whatever the loss says".into(),
    };
    Judgement {
        verdict: Verdict::Collapsed,
        why: format!("all images have nearly the same embedding (spread {spread:.3}) {seen}"),
        advice: "give the method something that pushes embeddings apart (wrong answers, a variance term, a predictor \
                 with a stopped gradient), or lower the learning rate"
            .into(),
    }
}

fn above(loss: f64, floor: f64) -> bool {
    loss > floor + FLOOR_MARGIN * floor.abs()
}

fn nothing_learned(loss: f64, floor: f64, spread: f64) -> Judgement {
    let place = if above(loss, floor) {
        "above"
    } else {
        "still at"
    };
    Judgement {
        verdict: Verdict::Uninformative,
        why: format!(
            "the loss {loss:.3} is {place} {floor:.3}, what it reads when all embeddings are equal, though they \
             differ (spread {spread:.2})"
        ),
        advice:
            "train longer, or check the learning rate, the augmentations and the labels or pairs"
                .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_floor_only_the_cloud_is_judged() {
        assert_eq!(judge(-1.0, None, 0.01, 1.0, 64).verdict, Verdict::Collapsed);
        assert_eq!(judge(-1.0, None, 0.9, 30.0, 64).verdict, Verdict::Healthy);
    }

    #[test]
    fn a_run_that_orders_pairs_as_before_has_learned_nothing() {
        let healthy = || judge(1.0, Some(6.0), 0.9, 30.0, 64);
        assert_eq!(healthy().since(0.9, 0.7).verdict, Verdict::Healthy);
        assert_eq!(healthy().since(1.0, 1.0).verdict, Verdict::Healthy);
        let same = healthy().since(0.701, 0.7);
        assert_eq!(same.verdict, Verdict::Uninformative);
        assert!(same.why.contains("0.701, before 0.700"), "{}", same.why);
        let point = judge(6.0, Some(6.0), 0.01, 1.0, 64).since(0.5, 0.7);
        assert_eq!(point.verdict, Verdict::Collapsed);
    }

    #[test]
    fn a_line_is_a_collapse_unless_the_space_is_small() {
        assert_eq!(
            judge(1.0, Some(6.0), 0.9, 1.1, 64).verdict,
            Verdict::Collapsed
        );
        assert_eq!(judge(1.0, Some(6.0), 0.9, 1.1, 2).verdict, Verdict::Healthy);
    }

    #[test]
    fn a_loss_above_its_floor_is_not_said_to_be_at_it() {
        let above = judge(9.0, Some(4.0), 0.9, 30.0, 64);
        assert_eq!(above.verdict, Verdict::Uninformative);
        assert!(above.why.contains("above 4.000"), "{}", above.why);
        assert!(
            judge(4.0, Some(4.0), 0.9, 30.0, 64)
                .why
                .contains("still at 4.000")
        );
    }

    #[test]
    fn what_is_not_a_number_is_never_healthy() {
        let verdict = |loss, spread| judge(loss, Some(6.0), spread, 30.0, 64).verdict;
        assert_eq!(verdict(1.0, f64::NAN), Verdict::Collapsed);
        assert_eq!(verdict(f64::NAN, 0.9), Verdict::Uninformative);
    }

    #[test]
    fn causes_take_the_place_of_advice_and_only_blindness_changes_a_verdict() {
        let cause = |blinds| Cause {
            name: "test".into(),
            why: "`x` is wrong".into(),
            blinds,
        };
        let collapsed = judge(6.0, Some(6.0), 0.01, 1.0, 64);
        assert!(collapsed.sentence(&[]).ends_with(&collapsed.advice));
        let named = collapsed.sentence(&[cause(false), cause(false)]);
        assert!(named.ends_with("; likely because `x` is wrong, and because `x` is wrong"));
        let healthy = judge(1.0, Some(6.0), 0.9, 30.0, 64);
        let same = healthy.clone().knowing(&[cause(false)]);
        assert_eq!(
            (same.sentence(&[cause(false)]), &same),
            (healthy.why.clone(), &healthy)
        );
        let blind = healthy.knowing(&[cause(true)]);
        assert_eq!(blind.verdict, Verdict::Uninformative);
        assert!(
            blind
                .sentence(&[cause(true)])
                .ends_with("because `x` is wrong")
        );
    }

    #[test]
    fn verdicts_are_written_in_snake_case() {
        let json = serde_json::to_string(&Verdict::Uninformative).unwrap();
        assert_eq!(json, "\"uninformative\"");
    }
}
