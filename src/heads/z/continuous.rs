use candle_core::{D, Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::latents::Latents;
use crate::error::{Error, Result};
use crate::ranges::count;

/// A vector in [−1, 1]^dim, or angles: the low dimension, an L1 or L2 penalty or noise limit what it carries.
///
/// z (.., dim) to the decoder's input (.., dim), or (.., 2 dim) with `circle`, which makes each number an angle in units of π
/// seen by its cosine and sine: for closed manifolds. The penalty R(z) is `l1 Σ|z| + l2 ½Σz²`, in the units of the energy.
/// With `points`, z is enumerated on a grid of that many a dimension (and the free energy is an integral over it); without,
/// it is searched by gradient descent from several starts. Errors: a dim, starts or a step of 0; a negative penalty or noise;
/// a grid of one point or of more than 100,000.
///
/// Source: LeCun et al. 2006, section 4.2; the penalty is the regularizer R(z) of Dawid & LeCun 2023. Choose it when the right
/// answers for one x form a curve or surface.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Continuous {
    /// Numbers in z.
    pub dim: usize,
    /// Whether each number is an angle.
    pub circle: bool,
    /// Grid points a dimension; 0 searches by gradient descent.
    pub points: usize,
    /// Weight of Σ|z|, 0 or more.
    pub l1: f64,
    /// Weight of ½Σz², 0 or more.
    pub l2: f64,
    /// Standard deviation of the noise added in training, 0 or more.
    pub noise: f64,
    /// Starts of the search.
    pub starts: usize,
    /// Steps of the search.
    pub steps: usize,
    /// First step size of the search, above 0.
    pub step: f64,
}

impl Default for Continuous {
    fn default() -> Self {
        Self {
            dim: 1,
            circle: false,
            points: 0,
            l1: 0.0,
            l2: 0.0,
            noise: 0.0,
            starts: 4,
            steps: 20,
            step: 0.1,
        }
    }
}

impl Latents for Continuous {
    fn dim(&self) -> usize {
        self.dim
    }

    fn features(&self) -> usize {
        if self.circle { 2 * self.dim } else { self.dim }
    }

    fn decoded(&self, z: &Tensor) -> Result<Tensor> {
        if !self.circle {
            return Ok(z.clone());
        }
        let angle = (z * std::f64::consts::PI)?;
        Ok(Tensor::cat(&[&angle.cos()?, &angle.sin()?], D::Minus1)?)
    }

    fn values(&self, device: &Device) -> Result<Option<Tensor>> {
        if self.points == 0 {
            return Ok(None);
        }
        // The two ends of a circle are one point.
        let gaps = if self.circle {
            self.points
        } else {
            self.points - 1
        };
        let at = |i: usize| -1.0 + 2.0 * i as f32 / gaps.max(1) as f32;
        let count = self.points.pow(self.dim as u32);
        let values = (0..count).flat_map(|index| {
            (0..self.dim).map(move |d| at(index / self.points.pow(d as u32) % self.points))
        });
        let values: Vec<f32> = values.collect();
        Ok(Some(Tensor::from_vec(values, (count, self.dim), device)?))
    }

    fn volume(&self) -> f64 {
        (2.0 / self.points.max(1) as f64).powi(self.dim as i32)
    }

    fn penalty(&self, z: &Tensor) -> Result<Option<Tensor>> {
        if self.l1 == 0.0 && self.l2 == 0.0 {
            return Ok(None);
        }
        let l1 = (z.abs()?.sum(D::Minus1)? * self.l1)?;
        let l2 = (z.sqr()?.sum(D::Minus1)? * (0.5 * self.l2))?;
        Ok(Some((l1 + l2)?))
    }

    fn noise(&self) -> f64 {
        self.noise
    }

    fn search(&self) -> (usize, usize, f64) {
        (self.starts, self.steps, self.step)
    }

    fn warning(&self, dim: usize) -> Option<String> {
        let free = self.l1 == 0.0 && self.l2 == 0.0 && self.noise == 0.0 && self.dim >= dim;
        free.then(|| {
            format!(
                "the latent z has {} numbers for answers of {dim} and costs nothing: z can carry every answer, so any y \
                 is predicted perfectly and the energy says nothing; set head.z.l1, head.z.l2 or head.z.noise, or lower head.z.dim",
                self.dim
            )
        })
    }

    fn validate(&self) -> Result<()> {
        count("head.z.dim", self.dim, 1)?;
        count("head.z.starts", self.starts, 1)?;
        crate::ranges::positive("head.z.step", self.step)?;
        for (key, value) in [("l1", self.l1), ("l2", self.l2), ("noise", self.noise)] {
            if !(value >= 0.0 && value.is_finite()) {
                let problem = format!("must be a number of at least 0, not {value}");
                return Err(Error::key(&format!("head.z.{key}"), problem));
            }
        }
        let count = (self.points as f64).powi(self.dim as i32);
        if self.points == 1 || count > 1e5 {
            return Err(Error::key(
                "head.z.points",
                format!(
                    "a grid of {count} values of z; set 2 or more points, at most 100,000 values in all, or 0 to search"
                ),
            ));
        }
        Ok(())
    }
}
