use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::method::Inference;
use super::minima::{Minimum, collect};
use super::problem::Problem;
use super::search::lowest;
use crate::error::Result;
use crate::random::{Stream, normal};
use crate::ranges::{count, positive};

/// Langevin sampling, `y ← y − s ∇E + √(2 s / beta) ε`: chains that visit answers by their Gibbs probability.
///
/// Each chain reports the lowest point it has seen. Welling & Teh, *Stochastic Gradient Langevin Dynamics*,
/// 2011; s in units of y² over energy, moves are cut to a tenth of the box. Choose it for rugged energies, where
/// descent stays in the first dent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Langevin {
    /// Chains for each question, 1 or more.
    pub chains: usize,
    /// Steps of a chain, 1 or more.
    pub steps: usize,
    /// s, above 0.
    pub step: f64,
    /// Inverse temperature, above 0.
    pub beta: f64,
}

impl Default for Langevin {
    fn default() -> Self {
        Self {
            chains: 16,
            steps: 200,
            step: 1e-3,
            beta: 10.0,
        }
    }
}

/// One move of each chain of `points` (N·D) along its `slopes` (N·D) by `(step, beta)`, within the box; `streams` holds
/// the noise of each, N.
pub fn advance(
    points: &mut [f32],
    slopes: &[f32],
    (step, beta): (f64, f64),
    bounds: &Bounds,
    streams: &mut [Stream],
) {
    let (dim, most) = (bounds.dim(), 0.1 * bounds.diagonal());
    let noise = (2.0 * step / beta).sqrt();
    let chains = points.chunks_mut(dim).zip(slopes.chunks(dim));
    for ((point, slope), rng) in chains.zip(streams) {
        for (value, slope) in point.iter_mut().zip(slope) {
            let shift = -step * f64::from(*slope) + noise * normal(rng);
            *value += (shift as f32).clamp(-most, most);
        }
        bounds.clip(point);
    }
}

impl Inference for Langevin {
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>> {
        let dim = problem.bounds.dim();
        let mut points = problem.starts(self.chains)?;
        let (mut energies, mut slopes) = problem.slope(&points)?;
        let (mut best, mut lowest_seen) = (points.clone(), energies.clone());
        let mut streams: Vec<Stream> = (0..energies.len())
            .map(|i| problem.stream(i / self.chains, 1 + (i % self.chains) as u64))
            .collect();
        for _ in 0..self.steps {
            let rule = (self.step, self.beta);
            advance(&mut points, &slopes, rule, problem.bounds, &mut streams);
            (energies, slopes) = problem.slope(&points)?;
            for (i, energy) in energies.iter().enumerate() {
                if lowest(&[lowest_seen[i], *energy]) == 1 {
                    lowest_seen[i] = *energy;
                    let own = i * dim..(i + 1) * dim;
                    best[own.clone()].copy_from_slice(&points[own]);
                }
            }
        }
        collect(&best, &lowest_seen, problem)
    }

    fn validate(&self) -> Result<()> {
        count("inference.chains", self.chains, 1)?;
        count("inference.steps", self.steps, 1)?;
        positive("inference.step", self.step)?;
        positive("inference.beta", self.beta)
    }
}
