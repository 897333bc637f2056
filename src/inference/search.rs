//! Descent along gradients from many points at once: what searches answers and latent values share.

use candle_core::{Tensor, Var};
use rand::RngExt;

use super::problem::{Problem, flat};
use crate::error::Result;
use crate::graph::{Mode, Network};
use crate::heads::{Head, Latents};
use crate::random::{Purpose, stream};

/// Energies (P) and gradients (P·D) at points (P·D).
pub(super) type Slope<'a> = dyn FnMut(&[f32]) -> Result<(Vec<f32>, Vec<f32>)> + 'a;

/// How far and how finely to go downhill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Most steps.
    pub(super) steps: usize,
    /// Length of the first step.
    pub(super) step: f32,
    /// Points whose steps have become shorter than this have arrived.
    pub(super) tolerance: f32,
}

/// Move each of `points` (P·D) downhill, `y ← y − s ∇E/‖∇E‖`, and return their energies (P).
///
/// The length s is each point's own: it grows by a fifth where E fell and halves where it did not, which makes
/// the rule independent of the scale of the energy and safe at the kinks of an L1 distance.
pub(super) fn descend(
    points: &mut [f32],
    dim: usize,
    rule: Rule,
    clip: &dyn Fn(&mut [f32]),
    slope: &mut Slope,
) -> Result<Vec<f32>> {
    let (mut energies, mut gradients) = slope(points)?;
    let mut lengths = vec![rule.step; energies.len()];
    for _ in 0..rule.steps {
        if lengths.iter().all(|length| *length < rule.tolerance) {
            break;
        }
        let mut trial = points.to_vec();
        for (p, length) in lengths.iter().enumerate() {
            let own = p * dim..(p + 1) * dim;
            let norm = norm(&gradients[own.clone()]).max(1e-20);
            for i in own {
                trial[i] -= length * gradients[i] / norm;
            }
        }
        clip(&mut trial);
        let (found, steeper) = slope(&trial)?;
        for p in 0..lengths.len() {
            let own = p * dim..(p + 1) * dim;
            if found[p] < energies[p] {
                energies[p] = found[p];
                points[own.clone()].copy_from_slice(&trial[own.clone()]);
                gradients[own.clone()].copy_from_slice(&steeper[own]);
                lengths[p] *= 1.2;
            } else {
                lengths[p] *= 0.5;
            }
        }
    }
    Ok(energies)
}

fn norm(values: &[f32]) -> f32 {
    values.iter().map(|v| v * v).sum::<f32>().sqrt()
}

/// The latent values (N, K, 1, d) of lowest E(x, y, z) for each answer y (N, K, D), by descent from several starts.
pub(super) fn latent(
    head: &dyn Head,
    head_network: Option<&Network>,
    z: &dyn Latents,
    (code, y): (&Tensor, &Tensor),
    seed: u64,
) -> Result<Tensor> {
    let (n, k, _) = y.dims3()?;
    let (starts, steps, step) = z.search();
    let (dim, (low, high)) = (z.dim(), z.bounds());
    let mut first = Vec::new();
    for start in 0..starts {
        let mut rng = stream(seed, Purpose::Latent, 0, start as u64, 0);
        first.extend((0..dim).map(|_| rng.random_range(low..high) as f32));
    }
    let mut points = first.repeat(n * k);
    let shape = (n, k, starts, dim);
    let mut slope = |points: &[f32]| {
        let leaf = Var::from_vec(points.to_vec(), shape, code.device())?;
        let response = head.forward(
            head_network,
            code,
            y,
            Some(leaf.as_tensor()),
            Mode::Recompute(None),
        )?;
        let leaves: Vec<Var> = response
            .tensors
            .iter()
            .map(Var::from_tensor)
            .collect::<candle_core::Result<_>>()?;
        let inputs: Vec<Tensor> = leaves.iter().map(|l| l.as_tensor().clone()).collect();
        let energies = head.energies(code, y, Some(leaf.as_tensor()), &inputs)?;
        let store = energies.sum_all()?.backward()?;
        let upstream: Vec<Option<Tensor>> = inputs.iter().map(|x| store.get(x).cloned()).collect();
        let mut gradient = (response.pull)(&upstream)?
            .z
            .map_or_else(|| leaf.zeros_like(), Ok)?;
        if let Some(direct) = store.get(&leaf) {
            gradient = (gradient + direct)?;
        }
        Ok((flat(&energies)?, flat(&gradient)?))
    };
    let rule = Rule {
        steps,
        step: step as f32,
        tolerance: 1e-4,
    };
    let clip = |points: &mut [f32]| {
        for value in points {
            *value = value.clamp(low as f32, high as f32);
        }
    };
    let energies = descend(&mut points, dim, rule, &clip, &mut slope)?;
    let mut best = Vec::with_capacity(n * k * dim);
    for (row, energies) in energies.chunks_exact(starts).enumerate() {
        let at = lowest(energies);
        let from = (row * starts + at) * dim;
        best.extend_from_slice(&points[from..from + dim]);
    }
    Ok(Tensor::from_vec(best, (n, k, 1, dim), code.device())?)
}

/// The best answer (N·D) to each question by descent from `starts` (N·S·D) outside balls of `radius` around `right`
/// (N·D), inside the box; `None` when a question has none.
///
/// # Errors
/// A tensor operation failed.
pub fn outside(
    problem: &Problem,
    starts: Vec<f32>,
    (right, radius): (&[f32], f32),
    steps: usize,
) -> Result<Option<Vec<f32>>> {
    let (n, dim, bounds) = (problem.questions()?, problem.bounds.dim(), problem.bounds);
    let count = starts.len() / (n * dim).max(1);
    let own = |i: usize| &right[i / count * dim..(i / count + 1) * dim];
    let away = |i: usize, point: &[f32]| {
        let shift = point.iter().zip(own(i)).map(|(a, b)| a - b);
        norm(&shift.collect::<Vec<f32>>())
    };
    // Onto the ball along the ray from its centre, then into the box, whose corners may lie inside the ball.
    let clip = |points: &mut [f32]| {
        for (i, point) in points.chunks_exact_mut(dim).enumerate() {
            let distance = away(i, point);
            if distance < radius {
                let scale = 1.001 * radius / distance.max(1e-12);
                for (value, center) in point.iter_mut().zip(own(i)) {
                    *value = center + (*value - center) * scale;
                }
            }
            bounds.clip(point);
        }
    };
    let mut points = starts;
    clip(&mut points);
    let rule = Rule {
        steps,
        step: 0.05 * bounds.diagonal(),
        tolerance: 1e-3 * bounds.diagonal(),
    };
    let mut slope = |points: &[f32]| problem.slope(points);
    let energies = descend(&mut points, dim, rule, &clip, &mut slope)?;
    let mut found = Vec::with_capacity(n * dim);
    for question in 0..n {
        let candidates = (question * count..(question + 1) * count)
            .filter(|&i| away(i, &points[i * dim..(i + 1) * dim]) >= radius);
        let Some(best) = candidates.min_by(|&a, &b| energies[a].total_cmp(&energies[b])) else {
            return Ok(None);
        };
        found.extend_from_slice(&points[best * dim..(best + 1) * dim]);
    }
    Ok(Some(found))
}

/// Index of the lowest; the first of equals.
pub(super) fn lowest(energies: &[f32]) -> usize {
    let mut best = 0;
    for (i, energy) in energies.iter().enumerate() {
        if *energy < energies[best] {
            best = i;
        }
    }
    best
}
