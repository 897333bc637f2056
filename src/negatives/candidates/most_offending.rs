use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::inference::{Bounds, offered, outside};
use crate::ranges::{count, positive};

/// The most offending answer: that of lowest energy outside a ball around the right one.
///
/// (N, 1, D), LeCun et al. 2006, section 2.1 (the radius is its epsilon). With `points` it is the best of a
/// grid; with `points = 0` it is searched by gradient descent from `starts`. The one source of wrong answers
/// that every margin loss wants. The radius matters: too small, and the right answer and its neighbour
/// cannot part.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MostOffending {
    /// Distance that a wrong answer keeps from the right one, in the units of y, above 0.
    pub radius: f64,
    /// Points of the grid a dimension; 0 searches.
    pub points: usize,
    /// Starts of the search.
    pub starts: usize,
    /// Steps of the search.
    pub steps: usize,
}

impl Default for MostOffending {
    fn default() -> Self {
        Self {
            radius: 0.3,
            points: 20,
            starts: 8,
            steps: 20,
        }
    }
}

impl MostOffending {
    fn enumerated(&self, questions: &Questions) -> Result<Vec<f32>> {
        let dim = questions.dim();
        let grid = questions.bounds.grid(self.points, "negatives.points")?;
        let y = offered(&grid, dim, questions.len(), questions.device())?;
        let energies = questions.model.energies(questions.codes, &y)?;
        let energies: Vec<Vec<f32>> = energies.to_vec2()?;
        let mut chosen = Vec::new();
        for (question, energies) in energies.iter().enumerate() {
            let right = questions.right(question);
            let allowed = grid.chunks_exact(dim).zip(energies).filter(|(y, _)| {
                let square = y.iter().zip(right).map(|(a, b)| f64::from(a - b).powi(2));
                square.sum::<f64>() > self.radius * self.radius
            });
            let lowest = allowed.min_by(|a, b| a.1.total_cmp(b.1));
            let (y, _) = lowest.ok_or_else(|| too_wide(self.radius))?;
            chosen.extend_from_slice(y);
        }
        Ok(chosen)
    }

    fn searched(&self, questions: &Questions) -> Result<Vec<f32>> {
        let mut starts = Vec::new();
        for question in 0..questions.len() {
            let mut rng = questions.stream(question, 0);
            for _ in 0..self.starts {
                starts.extend(questions.bounds.draw(&mut rng));
            }
        }
        let radius = self.radius as f32;
        let found = outside(
            &questions.problem(),
            starts,
            (questions.right, radius),
            self.steps,
        )?;
        found.ok_or_else(|| too_wide(self.radius))
    }
}

fn too_wide(radius: f64) -> Error {
    Error::key(
        "negatives.radius",
        format!(
            "no answer in the box lies farther than {radius} from a right one; lower it or widen `answers`"
        ),
    )
}

impl Candidates for MostOffending {
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>> {
        let chosen = if self.points > 0 {
            self.enumerated(questions)?
        } else {
            self.searched(questions)?
        };
        Ok(Some(Proposed::of(questions.tensor(chosen)?)))
    }

    fn partition(&self, _: &Bounds) -> Partition {
        Partition::Sum
    }

    fn offered(&self, _: Space) -> usize {
        2
    }

    fn radius(&self) -> Option<f64> {
        Some(self.radius)
    }

    fn validate(&self) -> Result<()> {
        positive("negatives.radius", self.radius)?;
        if self.points == 0 {
            count("negatives.starts", self.starts, 1)?;
            return count("negatives.steps", self.steps, 1);
        }
        count("negatives.points", self.points, 2)
    }
}
