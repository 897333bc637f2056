use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::method::Inference;
use super::minima::{Minimum, collect};
use super::problem::Problem;
use crate::error::Result;
use crate::random::normal;
use crate::ranges::{count, positive};

/// Evolution without derivatives: each of many points tries a random neighbour and keeps it where E is lower.
///
/// The (1 + 1) strategy with the one-fifth success rule (Rechenberg 1973): the spread grows by half after a
/// success and shrinks by its fourth root after a failure. Choose it where the gradient by y is missing or
/// misleading (ReLU networks, L1 distances); it needs more steps than descent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evolution {
    /// Points for each question, 1 or more.
    pub starts: usize,
    /// Most steps, 1 or more.
    pub steps: usize,
    /// First spread as a share of the box's diagonal, above 0.
    pub spread: f64,
    /// Spreads below this share of the diagonal end the search, above 0.
    pub tolerance: f64,
}

impl Default for Evolution {
    fn default() -> Self {
        Self {
            starts: 32,
            steps: 200,
            spread: 0.02,
            tolerance: 1e-4,
        }
    }
}

impl Inference for Evolution {
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>> {
        let (bounds, dim) = (problem.bounds, problem.bounds.dim());
        let mut points = problem.starts(self.starts)?;
        let mut energies = problem.energies(&points)?;
        let diagonal = f64::from(bounds.diagonal());
        let mut spreads = vec![self.spread * diagonal; energies.len()];
        let mut streams: Vec<_> = (0..energies.len())
            .map(|i| problem.stream(i / self.starts, 1 + (i % self.starts) as u64))
            .collect();
        for _ in 0..self.steps {
            if spreads.iter().all(|s| *s < self.tolerance * diagonal) {
                break;
            }
            let mut trial = points.clone();
            for (i, rng) in streams.iter_mut().enumerate() {
                for value in &mut trial[i * dim..(i + 1) * dim] {
                    *value += (spreads[i] * normal(rng)) as f32;
                }
            }
            bounds.clip(&mut trial);
            let found = problem.energies(&trial)?;
            for i in 0..energies.len() {
                if found[i] < energies[i] {
                    let own = i * dim..(i + 1) * dim;
                    points[own.clone()].copy_from_slice(&trial[own]);
                    energies[i] = found[i];
                    spreads[i] *= 1.5;
                } else {
                    spreads[i] *= 1.5_f64.powf(-0.25);
                }
            }
        }
        collect(&points, &energies, problem)
    }

    fn validate(&self) -> Result<()> {
        count("inference.starts", self.starts, 1)?;
        count("inference.steps", self.steps, 1)?;
        positive("inference.spread", self.spread)?;
        positive("inference.tolerance", self.tolerance)
    }
}
