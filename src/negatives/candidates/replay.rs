use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::langevin::LangevinSamples;
use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::inference::Bounds;

/// A replay buffer of Langevin chains: each sample's chains go on where its last visit left them.
///
/// (N, count, D); a share `restart` of the chains starts anew in the box at each visit. Persistent
/// contrastive divergence (Tieleman 2008; the buffer of Du & Mordatch 2019). The buffer is part of the
/// checkpoint. Choose it over `langevin` when few steps a visit must do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Replay {
    /// Chains for each sample, 1 or more.
    pub count: usize,
    /// Steps at each visit, 1 or more.
    pub steps: usize,
    /// Step size, in units of y² over energy, above 0.
    pub step: f64,
    /// Inverse temperature, above 0.
    pub beta: f64,
    /// Share of the chains that start anew, in [0, 1].
    pub restart: f64,
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            count: 8,
            steps: 10,
            step: 0.01,
            beta: 1.0,
            restart: 0.05,
        }
    }
}

impl Replay {
    fn sampler(&self) -> LangevinSamples {
        LangevinSamples {
            count: self.count,
            steps: self.steps,
            step: self.step,
            beta: self.beta,
        }
    }
}

impl Candidates for Replay {
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>> {
        let dim = questions.dim();
        let mut points = questions
            .memory
            .clone()
            .ok_or_else(|| Error::Failed("the replay buffer was not set up".into()))?;
        for (i, point) in points.chunks_exact_mut(dim).enumerate() {
            // Each chain has a stream for its restart, beyond those of the noise.
            let view = (1 + self.count + i % self.count) as u64;
            let mut rng = questions.stream(i / self.count, view);
            if rng.random::<f64>() < self.restart {
                point.copy_from_slice(&questions.bounds.draw(&mut rng));
            }
        }
        self.sampler().run(questions, &mut points)?;
        Ok(Some(Proposed {
            memory: Some(points.clone()),
            ..Proposed::of(questions.tensor(points)?)
        }))
    }

    fn partition(&self, _: &Bounds) -> Partition {
        Partition::Model
    }

    fn chains(&self) -> usize {
        self.count
    }

    fn offered(&self, _: Space) -> usize {
        self.count + 1
    }

    fn validate(&self) -> Result<()> {
        self.sampler().check()?;
        if (0.0..=1.0).contains(&self.restart) {
            return Ok(());
        }
        Err(Error::key("negatives.restart", "must be between 0 and 1"))
    }
}
