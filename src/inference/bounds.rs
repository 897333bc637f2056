use candle_core::{Device, Tensor};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::random::Stream;

/// More points than this are no grid to enumerate.
const MOST: f64 = 1e6;

/// The box in which answers are looked for, in the units that the network sees.
///
/// Grids, uniform samples, searches and the flatness of the surface all refer to it. Left out of a
/// configuration, it is the range of the generator, or that of the training answers and a tenth more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Lowest value of each number of an answer.
    pub low: Vec<f32>,
    /// Highest value of each number of an answer.
    pub high: Vec<f32>,
}

impl Bounds {
    /// From (lowest, highest) of each number.
    #[must_use]
    pub fn of(ranges: &[(f32, f32)]) -> Self {
        Self {
            low: ranges.iter().map(|r| r.0).collect(),
            high: ranges.iter().map(|r| r.1).collect(),
        }
    }

    /// Numbers in an answer.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.low.len()
    }

    /// Refuse a box that does not fit answers of `dim` numbers, or holds nothing.
    ///
    /// # Errors
    /// A sentence with the key.
    pub fn validate(&self, dim: usize) -> Result<()> {
        if self.low.len() != dim || self.high.len() != dim {
            return Err(Error::key(
                "answers",
                format!(
                    "`low` has {} and `high` {} numbers, but an answer has {dim}; give one number each",
                    self.low.len(),
                    self.high.len()
                ),
            ));
        }
        let holds = |(low, high): (&f32, &f32)| low < high && (high - low).is_finite();
        if self.low.iter().zip(&self.high).all(holds) {
            return Ok(());
        }
        Err(Error::key(
            "answers",
            "every number of `low` must be below that of `high`, and finite",
        ))
    }

    /// Length of the diagonal.
    #[must_use]
    pub fn diagonal(&self) -> f32 {
        let square = self
            .low
            .iter()
            .zip(&self.high)
            .map(|(l, h)| (h - l).powi(2));
        square.sum::<f32>().sqrt()
    }

    /// Volume of the box.
    #[must_use]
    pub fn volume(&self) -> f64 {
        let sides = self.low.iter().zip(&self.high);
        sides.map(|(l, h)| f64::from(h - l)).product()
    }

    /// Bring every number of `points` (P·D) into the box.
    pub fn clip(&self, points: &mut [f32]) {
        for point in points.chunks_exact_mut(self.dim().max(1)) {
            for ((value, low), high) in point.iter_mut().zip(&self.low).zip(&self.high) {
                *value = value.clamp(*low, *high);
            }
        }
    }

    /// `points` evenly spaced values a dimension, both ends included, the first dimension fastest: (points^D, D).
    ///
    /// # Errors
    /// Fewer than two points, or more in all than can be enumerated; `key` names the setting.
    pub fn grid(&self, points: usize, key: &str) -> Result<Vec<f32>> {
        let dim = self.dim();
        let count = (points as f64).powi(dim as i32);
        if points < 2 || count > MOST {
            return Err(Error::key(
                key,
                format!(
                    "a grid of {points} points a dimension has {count} points for answers of {dim} numbers; \
                     set 2 or more, and at most {MOST} in all, or draw samples (`uniform`) instead"
                ),
            ));
        }
        let at = |index: usize, d: usize| {
            let step = index / points.pow(d as u32) % points;
            let share = step as f32 / (points - 1) as f32;
            self.low[d] + share * (self.high[d] - self.low[d])
        };
        Ok((0..count as usize)
            .flat_map(|index| (0..dim).map(move |d| at(index, d)))
            .collect())
    }

    /// The part of the box that each of `points` a dimension stands for.
    #[must_use]
    pub fn cell(&self, points: usize) -> f64 {
        self.volume() / (points as f64).powi(self.dim() as i32)
    }

    /// One point drawn uniformly.
    pub fn draw(&self, rng: &mut Stream) -> Vec<f32> {
        let sides = self.low.iter().zip(&self.high);
        sides
            .map(|(l, h)| l + rng.random::<f32>() * (h - l))
            .collect()
    }
}

/// `points` (P·D) offered to each of `rows` questions: (rows, P, D).
///
/// # Errors
/// A tensor operation failed.
pub fn offered(points: &[f32], dim: usize, rows: usize, device: &Device) -> Result<Tensor> {
    let count = points.len() / dim.max(1);
    let one = Tensor::from_vec(points.to_vec(), (1, count, dim), device)?;
    Ok(one.broadcast_as((rows, count, dim))?.contiguous()?)
}
