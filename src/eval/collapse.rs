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

/// What the state of an embedding is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Embeddings differ between images, and the loss has left the value it has when nothing is learned.
    Healthy,
    /// Embeddings differ, but the loss has learned nothing from the data so far.
    Uninformative,
    /// All images have nearly the same embedding, or all lie on one line.
    Collapsed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Uninformative => "uninformative",
            Self::Collapsed => "collapsed",
        })
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The state.
    pub verdict: Verdict,
    /// One sentence: what was seen, and what to try.
    pub why: String,
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
    let (verdict, why) = if !spread.is_finite() || spread < COLLAPSED_SPREAD {
        (Verdict::Collapsed, same_point(loss, at_floor, spread))
    } else if line {
        let why = format!(
            "the embeddings use {rank:.1} of {dim} directions, so they lie on one line; raise the weight of the \
             term that decorrelates or separates them, or lower the learning rate"
        );
        (Verdict::Collapsed, why)
    } else if let Some(floor) = at_floor {
        let place = if loss > floor + FLOOR_MARGIN * floor.abs() {
            "above"
        } else {
            "still at"
        };
        let why = format!(
            "the loss {loss:.3} is {place} {floor:.3}, what it reads when all embeddings are equal, though they \
             differ (spread {spread:.2}); train longer, or check the learning rate, the augmentations and the labels or pairs"
        );
        (Verdict::Uninformative, why)
    } else {
        let loss = match floor {
            Some(floor) => format!("the loss {loss:.3} has left its floor {floor:.3}"),
            None => "this loss has no floor to compare with".into(),
        };
        let why = format!(
            "embeddings differ between images (spread {spread:.2}, {rank:.1} of {dim} directions in use) and {loss}"
        );
        (Verdict::Healthy, why)
    };
    Judgement { verdict, why }
}

fn same_point(loss: f64, at_floor: Option<f64>, spread: f64) -> String {
    let seen = match at_floor {
        Some(floor) => format!("and the loss {loss:.3} is at its floor {floor:.3}"),
        None => "whatever the loss says".into(),
    };
    format!(
        "all images have nearly the same embedding (spread {spread:.3}) {seen}; give the method something that \
         pushes embeddings apart (wrong answers, a variance term, a predictor with a stopped gradient), or lower the \
         learning rate"
    )
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
    fn verdicts_are_written_in_snake_case() {
        let json = serde_json::to_string(&Verdict::Uninformative).unwrap();
        assert_eq!(json, "\"uninformative\"");
    }
}
