use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::Bounds;
use crate::ranges::count;

/// Answers drawn uniformly from the box, new ones at every step.
///
/// (N, count, D). With the nll this is R-NCE with a constant density: the right answer has to win against
/// `count` others. Choose it where a grid would have too many points.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Uniform {
    /// Answers for each question, 1 or more.
    pub count: usize,
}

impl Default for Uniform {
    fn default() -> Self {
        Self { count: 64 }
    }
}

impl Candidates for Uniform {
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>> {
        let mut points = Vec::with_capacity(questions.len() * self.count * questions.dim());
        for question in 0..questions.len() {
            let mut rng = questions.stream(question, 0);
            for _ in 0..self.count {
                points.extend(questions.bounds.draw(&mut rng));
            }
        }
        Ok(Some(Proposed::of(questions.tensor(points)?)))
    }

    fn partition(&self, _: &Bounds) -> Partition {
        Partition::Sum
    }

    fn offered(&self, _: Space) -> usize {
        self.count + 1
    }

    fn validate(&self) -> Result<()> {
        count("negatives.count", self.count, 1)
    }
}
