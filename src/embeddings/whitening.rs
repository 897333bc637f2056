//! Whitening: embeddings that vary as much in every direction.

use nalgebra::DMatrix;
use nalgebra::linalg::Cholesky;
use rayon::prelude::*;

use super::numbers::blocks;
use super::table::EmbeddingTable;
use crate::error::{Error, Result};
use crate::eval::normalized;
use crate::kernels::Simd;
use crate::kernels::gemm::{Order, Start, matmul, workspace};

/// Rows that the covariance is estimated from; of longer tables these, evenly spread.
const ROWS: usize = 32_768;

/// Numbers of a row at most: their covariance takes 0.5 GB.
const WIDEST: usize = 8192;

/// Added to the covariance, as a share of its mean diagonal: directions in which hardly anything varies are noise.
const RIDGE: f64 = 0.01;

/// A map of embeddings (N, D) to ones of mean 0 and about unit covariance: w(x) = L⁻¹ (x / ‖x‖ − m), where m is the mean of
/// the rows at length 1, C their covariance and L Lᵀ = C + 0.01 tr(C)/D · I.
///
/// What all pictures share makes every cosine high and hides what tells two apart; without it a cosine near 1 means the
/// same picture. Source: Jégou and Chum, *Negative Evidences and Co-occurences in Image Retrieval: The Benefit of PCA and
/// Whitening*, 2012. Choose it to look for duplicates.
pub struct Whitening {
    /// (D,)
    mean: Vec<f32>,
    /// (D, D), lower triangular: L⁻¹.
    inverse: Vec<f32>,
}

impl Whitening {
    /// That of the rows of `table`, of up to 32,768 of them. Cost: N D² + D³.
    ///
    /// # Errors
    /// [`Error::Usage`] where all rows are equal, or D is above 8,192; [`Error::Failed`] where the table cannot be read again.
    pub fn of(table: &EmbeddingTable) -> Result<Self> {
        let (dim, step) = (table.dim(), table.rows().div_ceil(ROWS).max(1));
        if dim > WIDEST {
            return Err(table.error(format!(
                "embeddings of {dim} numbers are too long to be whitened ({WIDEST} is the most); embed them pooled, or \
                 compare them as they are with --plain"
            )));
        }
        let (mut sum, mut products) = (vec![0.0; dim], vec![0.0; dim * dim]);
        for rows in blocks(table.rows(), dim) {
            let first = rows.start;
            let values = table.read(rows)?;
            let some = values.chunks_exact(dim).enumerate();
            let some: Vec<f32> = some
                .filter(|(row, _)| (first + row).is_multiple_of(step))
                .flat_map(|(_, row)| row)
                .copied()
                .collect();
            add(&normalized(&some, dim), &mut sum, &mut products);
        }
        let count = table.rows().div_ceil(step) as f64;
        let mean: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
        let covariance =
            |i: usize, j: usize| products[i.max(j) * dim + i.min(j)] / count - mean[i] * mean[j];
        let ridge = RIDGE * (0..dim).map(|i| covariance(i, i)).sum::<f64>() / dim as f64;
        let at = |i: usize, j: usize| covariance(i, j) + if i == j { ridge } else { 0.0 };
        let lower = Cholesky::new(DMatrix::from_fn(dim, dim, at)).filter(|_| ridge > 1e-12);
        let lower = lower.ok_or_else(|| equal(table))?.unpack();
        let mut inverse = DMatrix::identity(dim, dim);
        lower.solve_lower_triangular_mut(&mut inverse);
        Ok(Self {
            mean: mean.iter().map(|mean| *mean as f32).collect(),
            inverse: inverse.transpose().iter().map(|v| *v as f32).collect(),
        })
    }

    /// w of rows (N, D), one after another.
    ///
    /// # Errors
    /// [`Error::Usage`] on numbers that are no rows of D.
    pub fn apply(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let dim = self.mean.len();
        if !rows.len().is_multiple_of(dim) {
            return Err(Error::Usage(format!(
                "{} numbers are no rows of {dim}, as the table's embeddings are",
                rows.len()
            )));
        }
        let mut centered = normalized(rows, dim);
        centered.par_chunks_exact_mut(dim).for_each(|row| {
            row.iter_mut().zip(&self.mean).for_each(|(x, m)| *x -= m);
        });
        let mut white = vec![0.0; rows.len()];
        matmul(
            Simd::detect(),
            (rows.len() / dim, dim, dim),
            &centered,
            (&self.inverse, Order::Transposed),
            (&mut white, Start::Zero),
            &mut vec![0.0; workspace(dim, dim)],
        );
        Ok(white)
    }
}

/// Rows of the products that a task computes.
const TASK: usize = 16;

/// Add the rows of `z` (N, D) to their sum, and their outer products to the lower triangle of `products` (D, D).
fn add(z: &[f32], sum: &mut [f64], products: &mut [f64]) {
    let dim = sum.len();
    for row in z.chunks_exact(dim) {
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, z)| *sum += f64::from(*z));
    }
    let tasks = products.par_chunks_mut(TASK * dim).enumerate();
    tasks.for_each(|(task, products)| {
        for z in z.chunks_exact(dim) {
            for (k, products) in products.chunks_exact_mut(dim).enumerate() {
                let i = task * TASK + k;
                let left = f64::from(z[i]);
                let pairs = products[..=i].iter_mut().zip(z);
                pairs.for_each(|(sum, z)| *sum += left * f64::from(*z));
            }
        }
    });
}

fn equal(table: &EmbeddingTable) -> Error {
    table.error("all its embeddings point the same way: there is nothing to compare; the encoder may have collapsed")
}
