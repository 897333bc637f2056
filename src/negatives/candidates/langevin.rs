use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::{Bounds, advance};
use crate::ranges::{count, positive};

/// Samples of the model by Langevin chains, started anew in the box at every step.
///
/// `y ← y − s ∇E + √(2 s / beta) ε`, (N, count, D). With the nll their mean energy takes the place of the
/// log-partition: contrastive divergence (Hinton 2002; Du & Mordatch 2019). Choose it where answers have
/// many numbers and the energy is smooth in y; `replay` keeps the chains from visit to visit.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LangevinSamples {
    /// Chains for each question, 1 or more.
    pub count: usize,
    /// Steps of a chain, 1 or more.
    pub steps: usize,
    /// s, in units of y² over energy, above 0.
    pub step: f64,
    /// Inverse temperature, above 0; that of the nll samples its own distribution.
    pub beta: f64,
}

impl Default for LangevinSamples {
    fn default() -> Self {
        Self {
            count: 8,
            steps: 20,
            step: 0.01,
            beta: 1.0,
        }
    }
}

impl LangevinSamples {
    /// Run chains (N·C·D) on from where they stand; their noise is that of question and chain.
    pub(super) fn run(&self, questions: &Questions, points: &mut [f32]) -> Result<()> {
        let dim = questions.dim();
        let chains = points.len() / (questions.len() * dim).max(1);
        let problem = questions.problem();
        let mut streams: Vec<_> = (0..questions.len() * chains)
            .map(|i| questions.stream(i / chains, 1 + (i % chains) as u64))
            .collect();
        for _ in 0..self.steps {
            let (_, slopes) = problem.slope(points)?;
            let rule = (self.step, self.beta);
            advance(points, &slopes, rule, questions.bounds, &mut streams);
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<()> {
        count("negatives.count", self.count, 1)?;
        count("negatives.steps", self.steps, 1)?;
        positive("negatives.step", self.step)?;
        positive("negatives.beta", self.beta)
    }
}

impl Candidates for LangevinSamples {
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>> {
        let mut points = Vec::new();
        for question in 0..questions.len() {
            let mut rng = questions.stream(question, 0);
            for _ in 0..self.count {
                points.extend(questions.bounds.draw(&mut rng));
            }
        }
        self.run(questions, &mut points)?;
        Ok(Some(Proposed::of(questions.tensor(points)?)))
    }

    fn partition(&self, _: &Bounds) -> Partition {
        Partition::Model
    }

    fn offered(&self, _: Space) -> usize {
        self.count + 1
    }

    fn validate(&self) -> Result<()> {
        self.check()
    }
}
