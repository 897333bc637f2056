use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Measure, Negatives, Proposed, Questions, WrongAnswers};
use crate::error::Result;
use crate::inference::{Bounds, offered, points};

/// A grid over the box of answers: evenly spaced points, both ends included, the same for every question.
///
/// (N, points^D, D); for the nll the sum over them, times their volume, is the integral over y, as in the
/// tutorial's experiment (LeCun et al. 2006, section 3: 20 points). Choose it for answers of one or two numbers.
/// Margin losses should take `most_offending` instead: a grid point may lie on the right answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Grid {
    /// Points a dimension, 2 or more.
    pub points: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Self { points: 20 }
    }
}

impl Negatives for Grid {
    fn pairs(&self) -> bool {
        false
    }

    fn wrong_answers(&self) -> Option<&dyn WrongAnswers> {
        Some(self)
    }

    fn answers(&self, _: usize, _: usize) -> usize {
        self.points + 1
    }
}

impl WrongAnswers for Grid {
    fn propose(&self, questions: &Questions) -> Result<Proposed> {
        let grid = questions.bounds.grid(self.points, "negatives.points")?;
        let (rows, device) = (questions.len(), questions.device());
        Ok(Proposed::of(offered(&grid, questions.dim(), rows, device)?))
    }

    fn measure(&self, bounds: &Bounds) -> Measure {
        Measure::Cells(bounds.cell(self.points))
    }

    fn offered(&self, dim: usize) -> usize {
        self.points.pow(dim as u32) + 1
    }

    fn validate(&self) -> Result<()> {
        points("negatives.points", self.points)
    }
}
