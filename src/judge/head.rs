//! A trained head on one part of the data: its surface, its answers, its probabilities.

use candle_core::Tensor;

use crate::assembly::{Encoded, HeadData, HeadSetup, rows_at_once};
use crate::error::Result;
use crate::eval::calibration::calibration;
use crate::eval::surface::{Rows, Surface};
use crate::heads::Space;
use crate::inference::{Bounds, EnergyModel, Minimum, Problem, offered};
use crate::negatives::{Candidates, NegativesKind};
use crate::random::{Purpose, stream};

/// Bins of the calibration error (Guo et al. 2017).
pub const BINS: usize = 15;

/// Minima at most this share of the way from the lowest to the mean energy count as answers.
pub const ANSWERS: f32 = 0.2;

/// What was measured of one part.
pub struct HeadMeasures {
    /// How far right answers lie below wrong ones, and how flat it is.
    pub surface: Surface,
    /// (E_C, E_I) of each question.
    pub plane: Vec<[f32; 2]>,
    /// argmin_y E over the grid (N·D), of vectors.
    pub best: Vec<f32>,
    /// Mean energy over the grid (N), of vectors.
    pub typical: Vec<f32>,
    /// Energies of all classes (N·C).
    pub table: Vec<f32>,
}

impl HeadMeasures {
    /// The number that makes a checkpoint the best, and its name.
    #[must_use]
    pub fn score(&self, task: &HeadSetup, coded: &Encoded) -> (&'static str, f64) {
        match task.space {
            Space::Classes(_) => {
                let found = calibration(&self.table, &coded.known_labels(), 1.0, BINS);
                ("accuracy", found.map_or(f64::NAN, |c| c.accuracy))
            }
            Space::Vectors(_) => ("argmin_error", distance(task, &self.best, &coded.y)),
        }
    }
}

/// Look at the energies of all answers, or of a grid of them, to every question.
///
/// # Errors
/// A tensor operation failed.
pub fn judge_head(task: &HeadSetup, model: &EnergyModel, coded: &Encoded) -> Result<HeadMeasures> {
    match task.space {
        Space::Classes(classes) => judge_classes(model, coded, classes),
        Space::Vectors(_) => judge_vectors(task, model, coded),
    }
}

fn judge_classes(model: &EnergyModel, coded: &Encoded, classes: usize) -> Result<HeadMeasures> {
    let table: Vec<f32> = model.table(&coded.codes)?.flatten_all()?.to_vec1()?;
    let labels = coded.known_labels();
    let mut rows = Rows::default();
    for (row, label) in table.chunks_exact(classes).zip(labels) {
        let mut wrong = row.to_vec();
        let right = wrong.remove(label as usize);
        rows.add(right, row, &wrong);
    }
    Ok(HeadMeasures {
        surface: rows.surface(),
        plane: rows.plane,
        best: Vec::new(),
        typical: Vec::new(),
        table,
    })
}

fn judge_vectors(task: &HeadSetup, model: &EnergyModel, coded: &Encoded) -> Result<HeadMeasures> {
    let dim = task.bounds.dim();
    let points = looked_at(task, model)?;
    let radius = radius(task);
    let (mut rows, mut best, mut typical) = (Rows::default(), Vec::new(), Vec::new());
    let count = points.len() / dim;
    let questions = coded.rows()?;
    for start in (0..questions).step_by(rows_at_once(count)) {
        let n = rows_at_once(count).min(questions - start);
        let codes = coded.some(start, n)?;
        let y = &coded.y[start * dim..(start + n) * dim];
        let right = Tensor::from_vec(y.to_vec(), (n, 1, dim), &task.device)?;
        let right: Vec<f32> = model.energies(&codes, &right)?.flatten_all()?.to_vec1()?;
        let grid = offered(&points, dim, n, &task.device)?;
        let all: Vec<Vec<f32>> = model.energies(&codes, &grid)?.to_vec2()?;
        for (i, all) in all.iter().enumerate() {
            let y = &y[i * dim..(i + 1) * dim];
            let wrong = points.chunks_exact(dim).zip(all);
            let wrong = wrong.filter(|(point, _)| away(point, y) > radius);
            let wrong: Vec<f32> = wrong.map(|(_, e)| *e).collect();
            rows.add(right[i], all, &wrong);
            let lowest = (0..count).min_by(|&a, &b| all[a].total_cmp(&all[b]));
            let at = lowest.unwrap_or_default() * dim;
            best.extend_from_slice(&points[at..at + dim]);
            typical.push(all.iter().sum::<f32>() / count as f32);
        }
    }
    Ok(HeadMeasures {
        surface: rows.surface(),
        plane: rows.plane,
        best,
        typical,
        table: Vec::new(),
    })
}

/// Points of the box at which a surface is looked at: a fine grid, or samples where that would be too many.
fn looked_at(task: &HeadSetup, model: &EnergyModel) -> Result<Vec<f32>> {
    let searched = (0..model.heads().count()).any(|head| model.has_own_latents(head));
    match (task.bounds.dim(), searched) {
        (1, _) => task.bounds.grid(201, "answers"),
        (2, false) => task.bounds.grid(41, "answers"),
        (2, true) => task.bounds.grid(15, "answers"),
        _ => {
            let mut rng = stream(task.config.seed, Purpose::Probe, 0, 0, 0);
            let count = if searched { 200 } else { 2000 };
            Ok((0..count)
                .flat_map(|_| task.bounds.draw(&mut rng))
                .collect())
        }
    }
}

/// Distance from which an answer is wrong: that of the training, or a twentieth of the box.
fn radius(task: &HeadSetup) -> f64 {
    let negatives = task.config.negatives.as_ref();
    let candidates = negatives.and_then(NegativesKind::candidates);
    let radius = candidates.and_then(Candidates::radius);
    radius.unwrap_or_else(|| f64::from(task.bounds.diagonal()) / 20.0)
}

fn away(a: &[f32], b: &[f32]) -> f64 {
    let square = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    square.sum::<f64>().sqrt()
}

/// Mean distance of `found` (N·D) to `y` (N·D), in the units of the source.
#[must_use]
pub fn distance(task: &HeadSetup, found: &[f32], y: &[f32]) -> f64 {
    let all = distances(task, found, y);
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

/// Distances of `found` (N·D) to `y` (N·D), in the units of the source: (N,).
#[must_use]
pub fn distances(task: &HeadSetup, found: &[f32], y: &[f32]) -> Vec<f64> {
    let dim = task.bounds.dim();
    let (found, y) = (units(task, found), units(task, y));
    let pairs = found.chunks_exact(dim).zip(y.chunks_exact(dim));
    pairs.map(|(a, b)| euclidean(a, b)).collect()
}

/// ‖a − b‖.
#[must_use]
pub fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    let square = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    square.sum::<f64>().sqrt()
}

/// Answers in the units of the source.
#[must_use]
pub fn units(task: &HeadSetup, y: &[f32]) -> Vec<f64> {
    match &task.data {
        HeadData::Table(tables) => tables.scales.y.invert(y),
        HeadData::Images(_) => match &task.numbers {
            Some(numbers) => numbers.scale().invert(y),
            None => Vec::new(), // answers are classes
        },
    }
}

/// Minima of the questions by the configured inference.
///
/// # Errors
/// The configured inference does not go with this energy, or a tensor operation failed.
pub fn search(
    task: &HeadSetup,
    model: &EnergyModel,
    codes: &[Tensor],
    first: u64,
) -> Result<Vec<Vec<Minimum>>> {
    let problem = Problem {
        model,
        codes,
        bounds: &task.bounds,
        seed: task.config.seed,
        first,
    };
    task.config.inference.part().minima(&problem)
}

/// Mean energy of each question over 256 answers drawn from the box (N): what the energy of a minimum is compared with.
///
/// # Errors
/// A tensor operation failed.
pub fn typical(
    model: &EnergyModel,
    codes: &[Tensor],
    bounds: &Bounds,
    seed: u64,
) -> Result<Vec<f32>> {
    let mut rng = stream(seed, Purpose::Probe, 1, 0, 0);
    let points: Vec<f32> = (0..256).flat_map(|_| bounds.draw(&mut rng)).collect();
    let n = codes[0].dim(0)?;
    let y = offered(&points, bounds.dim(), n, codes[0].device())?;
    Ok(model.energies(codes, &y)?.mean(1)?.to_vec1()?)
}
