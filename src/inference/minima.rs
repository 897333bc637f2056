use serde::Serialize;

use super::problem::Problem;
use crate::error::Result;

/// A local minimum of the energy in y.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Minimum {
    /// The answer (D,).
    pub y: Vec<f32>,
    /// Its energy.
    pub energy: f32,
}

/// The lowest of `points` (P·D) in each neighbourhood of `radius`, the lowest first; what is not finite is left out.
#[must_use]
pub fn distinct(points: &[f32], energies: &[f32], dim: usize, radius: f32) -> Vec<Minimum> {
    let mut order: Vec<usize> = (0..energies.len())
        .filter(|&i| energies[i].is_finite())
        .collect();
    order.sort_by(|&a, &b| energies[a].total_cmp(&energies[b]));
    let mut found: Vec<Minimum> = Vec::new();
    for i in order {
        let y = &points[i * dim..(i + 1) * dim];
        let near = |known: &Minimum| {
            let square = known.y.iter().zip(y).map(|(a, b)| (a - b).powi(2));
            square.sum::<f32>() <= radius * radius
        };
        if !found.iter().any(near) {
            found.push(Minimum {
                y: y.to_vec(),
                energy: energies[i],
            });
        }
    }
    found
}

/// The minima of each question among its own `count` points, which no longer move.
pub(super) fn collect(
    points: &[f32],
    energies: &[f32],
    problem: &Problem,
) -> Result<Vec<Vec<Minimum>>> {
    let (n, dim) = (problem.questions()?, problem.bounds.dim());
    let count = energies.len() / n.max(1);
    let radius = 0.02 * problem.bounds.diagonal();
    Ok((0..n)
        .map(|question| {
            let own = question * count..(question + 1) * count;
            let points = &points[own.start * dim..own.end * dim];
            distinct(points, &energies[own], dim, radius)
        })
        .collect())
}

/// The minima that count as answers: those at most `share` of the way from the lowest energy up to `typical`, the
/// mean energy of the box.
///
/// Several answers can be right, and a trained surface is low at all of them; a share of 0.2 keeps what is
/// nearly as low as the best and leaves out dents in the slopes.
#[must_use]
pub fn answers(minima: &[Minimum], typical: f32, share: f32) -> Vec<Minimum> {
    let Some(best) = minima.first() else {
        return Vec::new();
    };
    let level = best.energy + share * (typical - best.energy).max(0.0);
    let low = minima.iter().filter(|minimum| minimum.energy <= level);
    low.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_are_one_minimum_and_high_ones_are_no_answers() {
        let points = [0.0, 0.01, 1.0, 2.0, 3.0];
        let energies = [0.2, 0.1, 0.15, 5.0, f32::NAN];
        let found = distinct(&points, &energies, 1, 0.1);
        let at: Vec<f32> = found.iter().map(|m| m.y[0]).collect();
        assert_eq!(at, [0.01, 1.0, 2.0]);
        assert_eq!(answers(&found, 4.0, 0.2).len(), 2);
        assert!(answers(&[], 1.0, 0.2).is_empty());
    }
}
