//! The two directions in which rows differ most.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::embeddings::numbers::blocks;
use crate::embeddings::table::EmbeddingTable;
use crate::error::Result;
use crate::random::{Purpose, normal, stream};

/// Rows, evenly spread, that directions are found on.
const LOOKED_AT: usize = 20_000;
/// Directions that are followed: more than the two wanted, so that these come out soon.
const FOLLOWED: usize = 6;
/// Rounds at most.
const ROUNDS: usize = 60;
/// Relative change of the two largest variances at which the search ends.
const SETTLED: f64 = 1e-9;
/// Rows that a task sums.
const TASK: usize = 256;

/// A point for each row of `table`: `(x − m) · v_k`, with v_1 and v_2 the leading eigenvectors of the covariance of the
/// rows at length 1, m their mean (Pearson 1901; Hotelling 1933).
///
/// Directions are found by subspace iteration on at most 20,000 evenly spread rows; each points to where its largest
/// number is positive.
///
/// # Errors
/// A table that cannot be read again.
pub fn pca(table: &EmbeddingTable, seed: u64) -> Result<Vec<[f32; 2]>> {
    let dim = table.dim();
    let some = spread(table)?;
    let mean = mean(&some, dim);
    let plane = directions(&some, &mean, seed);
    let mut points = Vec::with_capacity(table.rows());
    for rows in blocks(table.rows(), dim) {
        let values = table.read(rows)?;
        let found: Vec<[f32; 2]> = values
            .par_chunks(dim)
            .map(|row| {
                let row = centered(row, &mean);
                plane.each_ref().map(|v| dot(&row, v) as f32)
            })
            .collect();
        points.extend(found);
    }
    Ok(points)
}

/// At most [`LOOKED_AT`] rows.
fn spread(table: &EmbeddingTable) -> Result<Vec<f32>> {
    let (dim, step) = (table.dim(), table.rows().div_ceil(LOOKED_AT).max(1));
    let mut some = Vec::with_capacity(table.rows().div_ceil(step) * dim);
    for rows in blocks(table.rows(), dim) {
        let values = table.read(rows.clone())?;
        for (row, values) in rows.zip(values.chunks_exact(dim)) {
            if row % step == 0 {
                some.extend_from_slice(values);
            }
        }
    }
    Ok(some)
}

/// 1 / ‖row‖; 0 of a row of zeros.
fn scale(row: &[f32]) -> f64 {
    let square: f64 = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    if square > 0.0 {
        1.0 / square.sqrt()
    } else {
        0.0
    }
}

fn mean(values: &[f32], dim: usize) -> Vec<f64> {
    let mut mean = vec![0.0; dim];
    let rows = values.len() / dim;
    for row in values.chunks_exact(dim) {
        let scale = scale(row) / rows as f64;
        let both = mean.iter_mut().zip(row);
        both.for_each(|(sum, v)| *sum += scale * f64::from(*v));
    }
    mean
}

/// The row at length 1, seen from `mean`.
fn centered(row: &[f32], mean: &[f64]) -> Vec<f64> {
    let scale = scale(row);
    let both = row.iter().zip(mean);
    both.map(|(v, m)| f64::from(*v) * scale - m).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The two leading directions of `values` (N, D) around `mean`; zeros where rows differ in fewer.
fn directions(values: &[f32], mean: &[f64], seed: u64) -> [Vec<f64>; 2] {
    let dim = mean.len();
    let followed = FOLLOWED.min(dim);
    let mut rng = stream(seed, Purpose::Projection, 0, 0, 0);
    let mut basis = DMatrix::from_fn(dim, followed, |_, _| normal(&mut rng));
    let mut before = [0.0; 2];
    for _ in 0..ROUNDS {
        basis = basis.qr().q();
        let moved = covariance_times(values, mean, &basis);
        // Rayleigh-Ritz: turn the basis to the axes of what the covariance does within it.
        let within = (basis.transpose() * &moved).symmetric_eigen();
        let mut order: Vec<usize> = (0..followed).collect();
        let variance = |&i: &usize| within.eigenvalues[i];
        order.sort_by(|a, b| variance(b).total_cmp(&variance(a)));
        let turn = DMatrix::from_fn(followed, followed, |r, c| {
            within.eigenvectors[(r, order[c])]
        });
        basis = &moved * turn;
        let now = [0, 1].map(|i| order.get(i).map_or(0.0, variance));
        let change = now.iter().zip(before).map(|(now, was)| (now - was).abs());
        let settled = change.fold(0.0, f64::max) <= SETTLED * now[0].abs();
        before = now;
        if settled {
            break;
        }
    }
    let basis = basis.qr().q();
    [0, 1].map(|k| {
        if k >= followed || before[k] <= 1e-12 {
            return vec![0.0; dim];
        }
        let column: Vec<f64> = basis.column(k).iter().copied().collect();
        let largest = column.iter().fold(
            0.0_f64,
            |most, v| if v.abs() > most.abs() { *v } else { most },
        );
        column.iter().map(|v| v * largest.signum()).collect()
    })
}

/// `1/N Σ (x − m)(x − m)ᵀ basis`, summed in a fixed order.
fn covariance_times(values: &[f32], mean: &[f64], basis: &DMatrix<f64>) -> DMatrix<f64> {
    let (dim, followed) = (mean.len(), basis.ncols());
    let tasks: Vec<DMatrix<f64>> = values
        .par_chunks(TASK * dim)
        .map(|rows| {
            let mut sum = DMatrix::zeros(dim, followed);
            for row in rows.chunks_exact(dim) {
                let row = centered(row, mean);
                for (k, mut column) in sum.column_iter_mut().enumerate() {
                    let along = dot(&row, basis.column(k).as_slice());
                    let both = column.iter_mut().zip(&row);
                    both.for_each(|(sum, v)| *sum += along * v);
                }
            }
            sum
        })
        .collect();
    let all = tasks
        .iter()
        .fold(DMatrix::zeros(dim, followed), |all, task| all + task);
    all / (values.len() / dim).max(1) as f64
}
