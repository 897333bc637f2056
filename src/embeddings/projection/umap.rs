//! Points whose neighbors are those of the rows.

use rand::RngExt;
use rayon::prelude::*;

use super::graph::Graph;
use super::pca::pca;
use crate::embeddings::neighbors::{Neighbor, neighbors};
use crate::embeddings::table::EmbeddingTable;
use crate::error::Result;
use crate::random::{Purpose, Stream, stream};

/// Neighbors of a row that its place is decided by.
const NEIGHBORS: usize = 15;
/// Pulls of a turn of an edge on each of its ends: one for each of its directions.
const PULLS: usize = 2;
/// Other rows that a row is pushed from at each turn of an edge.
const PUSHES: usize = 5;
/// Rounds, of few rows and of more than [`MANY`].
const ROUNDS: [u32; 2] = [500, 200];
const MANY: usize = 10_000;
/// Half the width of the square that points start in.
const START: f32 = 10.0;
/// 1 / (1 + A d^2B) is near 1 up to a distance of 0.1 and falls as exp(0.1 - d) beyond (McInnes et al., min_dist 0.1).
const A: f32 = 1.577;
const B: f32 = 0.895;
/// Longest step along each axis.
const LONGEST: f32 = 4.0;

/// A point for each row of `table`, by which neighbors stay near and others do not: UMAP (McInnes, Healy and Melville 2018,
/// "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction") with 15 exact neighbors by cosine, from
/// the places that [`pca`] gives.
///
/// All rows of a round move at once, each from where the others were before it, so that the order of rows and the number
/// of threads change nothing. `each` is called once for each row whose neighbors are found.
///
/// # Errors
/// A table that cannot be read again; what `each` returns.
pub fn umap(
    table: &EmbeddingTable,
    seed: u64,
    mut each: impl FnMut() -> Result<()>,
) -> Result<Vec<[f32; 2]>> {
    let rows = table.rows();
    let mut points = start(table, seed)?;
    if rows < 3 {
        return Ok(points);
    }
    let mut near: Vec<Vec<Neighbor>> = Vec::with_capacity(rows);
    neighbors(table, None, NEIGHBORS.min(rows - 1), |_, found| {
        near.push(found.to_vec());
        each()
    })?;
    let graph = Graph::of(&near);
    drop(near);
    let rounds = ROUNDS[usize::from(rows > MANY)];
    let most = graph.most();
    for round in 0..rounds {
        let pace = 1.0 - round as f32 / rounds as f32;
        let moved = (0..rows).into_par_iter().map(|row| {
            let rng = stream(
                seed,
                Purpose::Projection,
                1 + u64::from(round),
                row as u64,
                0,
            );
            let due = graph
                .edges(row)
                .filter(|(_, weight)| is_due(weight / most, round));
            step(row, due, &points, pace, rng)
        });
        points = moved.collect();
    }
    Ok(points)
}

/// Where rows start: the plane of the principal components, to a common size, and a little noise that parts equal rows.
fn start(table: &EmbeddingTable, seed: u64) -> Result<Vec<[f32; 2]>> {
    let mut points = pca(table, seed)?;
    let widest = points
        .iter()
        .flatten()
        .fold(0.0_f32, |most, v| most.max(v.abs()));
    let scale = if widest > 0.0 { START / widest } else { 0.0 };
    let mut rng = stream(seed, Purpose::Projection, 0, 0, 1);
    for value in points.iter_mut().flatten() {
        *value = *value * scale + 1e-3 * (rng.random::<f32>() - 0.5);
    }
    Ok(points)
}

/// Whether an edge of this share of the largest weight has its turn: so often in all rounds as the share says.
fn is_due(share: f32, round: u32) -> bool {
    let turns = |round: u32| (f64::from(round) * f64::from(share)).floor();
    turns(round + 1) > turns(round)
}

/// Where `row` goes: to the rows of the edges that are due, away from others that are drawn.
fn step(
    row: usize,
    due: impl Iterator<Item = (usize, f32)>,
    points: &[[f32; 2]],
    pace: f32,
    mut rng: Stream,
) -> [f32; 2] {
    let mut at = points[row];
    for (other, _) in due {
        for _ in 0..PULLS {
            at = moved(at, points[other], pace, pull);
        }
        for _ in 0..PUSHES {
            let other = rng.random_range(0..points.len());
            if other != row {
                at = moved(at, points[other], pace, push);
            }
        }
    }
    at
}

fn moved(at: [f32; 2], other: [f32; 2], pace: f32, force: impl Fn(f32) -> f32) -> [f32; 2] {
    let apart = [at[0] - other[0], at[1] - other[1]];
    let strength = force(apart[0] * apart[0] + apart[1] * apart[1]);
    let along = |i: usize| at[i] + pace * (strength * apart[i]).clamp(-LONGEST, LONGEST);
    [along(0), along(1)]
}

/// The gradient of −log q along the difference of two points, with `q = 1 / (1 + A d^2B)`.
fn pull(square: f32) -> f32 {
    if square <= 0.0 {
        return 0.0;
    }
    let power = square.powf(B);
    -2.0 * A * B * (power / square) / (1.0 + A * power)
}

/// The same of −log (1 − q).
fn push(square: f32) -> f32 {
    2.0 * B / ((0.001 + square) * (1.0 + A * square.powf(B)))
}
