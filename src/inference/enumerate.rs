use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::offered;
use super::method::Inference;
use super::minima::{Minimum, distinct};
use super::problem::{Problem, flat};
use crate::error::Result;
use crate::ranges::count;

/// Enumeration of a grid of answers: the points that are lower than their neighbours along every axis.
///
/// `points` a dimension over the box, energies (N, points^D); exact to half a grid step, and it sees every
/// minimum. Choose it for answers of one or two numbers; classes are always enumerated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Enumerate {
    /// Grid points a dimension, 2 or more.
    pub points: usize,
}

impl Default for Enumerate {
    fn default() -> Self {
        Self { points: 201 }
    }
}

/// Questions asked at once, to bound the memory of the grid.
const AT_ONCE: usize = 64;

impl Inference for Enumerate {
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>> {
        let dim = problem.bounds.dim();
        let grid = problem.bounds.grid(self.points, "inference.points")?;
        let count = grid.len() / dim;
        let mut all = Vec::new();
        let questions = problem.questions()?;
        for start in (0..questions).step_by(AT_ONCE) {
            let rows = AT_ONCE.min(questions - start);
            let codes = problem.codes.iter().map(|code| code.narrow(0, start, rows));
            let codes: Vec<_> = codes.collect::<candle_core::Result<_>>()?;
            let y = offered(&grid, dim, rows, codes[0].device())?;
            let energies = flat(&problem.model.energies(&codes, &y)?)?;
            for row in energies.chunks_exact(count) {
                let local: Vec<usize> = (0..count)
                    .filter(|&i| is_minimum(row, i, self.points, dim))
                    .collect();
                let points: Vec<f32> = local
                    .iter()
                    .flat_map(|&i| grid[i * dim..(i + 1) * dim].iter().copied())
                    .collect();
                let energies: Vec<f32> = local.iter().map(|&i| row[i]).collect();
                all.push(distinct(&points, &energies, dim, 0.0));
            }
        }
        Ok(all)
    }

    fn validate(&self) -> Result<()> {
        count("inference.points", self.points, 2)
    }
}

/// Whether point `i` is no higher than its neighbours along every axis.
fn is_minimum(row: &[f32], i: usize, points: usize, dim: usize) -> bool {
    (0..dim).all(|d| {
        let stride = points.pow(d as u32);
        let place = i / stride % points;
        let below = place == 0 || row[i] <= row[i - stride];
        let above = place + 1 == points || row[i] < row[i + stride];
        below && above
    })
}
