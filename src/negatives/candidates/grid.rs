use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::{Bounds, offered};
use crate::ranges::count;

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

impl Candidates for Grid {
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>> {
        let grid = questions.bounds.grid(self.points, "negatives.points")?;
        let (rows, device) = (questions.len(), questions.device());
        Ok(Some(Proposed::of(offered(
            &grid,
            questions.dim(),
            rows,
            device,
        )?)))
    }

    fn partition(&self, bounds: &Bounds) -> Partition {
        Partition::Riemann(bounds.cell(self.points))
    }

    fn offered(&self, space: Space) -> usize {
        self.points.pow(space.dim() as u32) + 1
    }

    fn validate(&self) -> Result<()> {
        count("negatives.points", self.points, 2)
    }
}
