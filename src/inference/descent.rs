use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::method::Inference;
use super::minima::{Minimum, collect};
use super::problem::Problem;
use super::search::{Rule, descend};
use crate::error::Result;
use crate::ranges::{count, positive};

/// Gradient descent on y from many random starts in one batch, inside the box.
///
/// `y ← y − s ∇E/‖∇E‖` with each point's own step s: a fifth longer after a fall, half as long after a rise.
/// It stops after `steps`, or once every s is below `tolerance` of the box's diagonal. LeCun et al. 2006,
/// section 1.1. Choose it for energies that are smooth in y; the starts find the several minima. A latent
/// is minimised at every step, so y and z are inferred jointly.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Descent {
    /// Starts for each question, 1 or more.
    pub starts: usize,
    /// Most steps, 1 or more.
    pub steps: usize,
    /// First step as a share of the box's diagonal, above 0.
    pub step: f64,
    /// Steps shorter than this share of the diagonal end the search, above 0.
    pub tolerance: f64,
}

impl Default for Descent {
    fn default() -> Self {
        Self {
            starts: 32,
            steps: 100,
            step: 0.02,
            tolerance: 1e-4,
        }
    }
}

impl Inference for Descent {
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>> {
        let bounds = problem.bounds;
        let mut points = problem.starts(self.starts)?;
        let rule = Rule {
            steps: self.steps,
            step: self.step as f32 * bounds.diagonal(),
            tolerance: self.tolerance as f32 * bounds.diagonal(),
        };
        let clip = |points: &mut [f32]| bounds.clip(points);
        let mut slope = |points: &[f32]| problem.slope(points);
        let energies = descend(&mut points, bounds.dim(), rule, &clip, &mut slope)?;
        collect(&points, &energies, problem)
    }

    fn validate(&self) -> Result<()> {
        count("inference.starts", self.starts, 1)?;
        count("inference.steps", self.steps, 1)?;
        positive("inference.step", self.step)?;
        positive("inference.tolerance", self.tolerance)
    }
}
