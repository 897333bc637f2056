use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::inference::Bounds;
use crate::random::normal;
use crate::ranges::{count, positive};

/// Answers drawn around the right one, `y + std·ε`, with the R-NCE correction of the nll.
///
/// (N, count, D); with several `std`, an equal mixture. The density is not uniform, so log q / beta is added to
/// every energy, right answer included (Ma & Collins 2018; Gustafsson et al., *How to Train Your Energy-Based
/// Model for Regression*, 2020): without it the nll would favour answers far from the right one. Choose it for
/// answers of many numbers, where uniform ones are all easy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gaussian {
    /// Answers for each question, 1 or more.
    pub count: usize,
    /// Standard deviations in the units of y, each above 0.
    pub std: Vec<f64>,
}

impl Default for Gaussian {
    fn default() -> Self {
        Self {
            count: 64,
            std: vec![0.1, 0.5],
        }
    }
}

impl Gaussian {
    /// log q of a point at `shift` (D,) from the right answer.
    fn log_density(&self, shift: &[f32]) -> f64 {
        let square: f64 = shift.iter().map(|s| f64::from(*s).powi(2)).sum();
        let dim = shift.len() as f64;
        let normal = |std: &f64| {
            let scale = dim * std.ln();
            -0.5 * square / (std * std) - scale - 0.5 * dim * std::f64::consts::TAU.ln()
        };
        let terms: Vec<f64> = self.std.iter().map(normal).collect();
        let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = terms.iter().map(|t| (t - highest).exp()).sum();
        highest + (sum / terms.len() as f64).ln()
    }
}

impl Candidates for Gaussian {
    fn propose(&self, questions: &Questions) -> Result<Option<Proposed>> {
        let dim = questions.dim();
        let (mut points, mut densities) = (Vec::new(), Vec::new());
        for question in 0..questions.len() {
            let right = questions.right(question);
            let mut rng = questions.stream(question, 0);
            densities.push(self.log_density(&vec![0.0; dim]) as f32);
            for draw in 0..self.count {
                let std = self.std[draw % self.std.len()];
                let shift: Vec<f32> = (0..dim).map(|_| (std * normal(&mut rng)) as f32).collect();
                points.extend(right.iter().zip(&shift).map(|(y, s)| y + s));
                densities.push(self.log_density(&shift) as f32);
            }
        }
        let shape = (questions.len(), 1 + self.count);
        let density = Tensor::from_vec(densities, shape, questions.device())?;
        Ok(Some(Proposed {
            log_density: Some(density),
            ..Proposed::of(questions.tensor(points)?)
        }))
    }

    fn partition(&self, _: &Bounds) -> Partition {
        Partition::Importance
    }

    fn offered(&self, _: Space) -> usize {
        self.count + 1
    }

    fn validate(&self) -> Result<()> {
        count("negatives.count", self.count, 1)?;
        if self.std.is_empty() {
            return Err(Error::key(
                "negatives.std",
                "give one standard deviation or more",
            ));
        }
        let mut all = self.std.iter();
        all.try_for_each(|std| positive("negatives.std", *std))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_of_one_normal_integrates_to_one() {
        let part = Gaussian {
            count: 1,
            std: vec![0.3, 0.7],
        };
        let sum: f64 = (-4000..4000)
            .map(|i| part.log_density(&[i as f32 * 1e-3]).exp() * 1e-3)
            .sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }
}
