//! LiDAR: the effective rank of what tells objects apart, measured against what varies between their views.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, Par, Spec};

use super::features::Features;
use super::products::add_transposed_times;
use super::spectrum::{effective_rank, singular_values};
use crate::error::{Error, Result};

/// Added to the diagonal of the within-object covariance.
const RIDGE: f64 = 1e-4;

/// LiDAR: [`super::spectrum::rankme`] of the eigenvalues of W^(−1/2) B W^(−1/2).
///
/// `z` holds n objects with `views` rows each, one object after the other, (n · views, D). B = covariance of the
/// object means (n − 1), W = covariance of the views around their object's mean (n (views − 1)) + 1e-4 I.
/// Source: Thilak et al., *LiDAR: Sensing Linear Probing Performance in Joint Embedding SSL Architectures*, 2024.
/// Choose it over RankMe when several augmented views of each image are at hand: it ignores directions that only
/// augmentation moves.
///
/// # Errors
/// [`Error::Failed`] below two objects or two views, when rows do not divide into objects, or when all object means agree.
pub fn lidar(z: &Features, views: usize) -> Result<f64> {
    z.check()?;
    let (dim, objects) = (z.dim, z.rows().checked_div(views).unwrap_or(0));
    if views < 2 || objects < 2 || objects * views != z.rows() {
        return Err(Error::Failed(format!(
            "LiDAR needs at least two objects with two views each; {} rows do not divide into that with {views} views",
            z.rows()
        )));
    }
    let (means, residuals) = split(z, objects, views);
    let mut within = vec![0.0; dim * dim];
    add_transposed_times(&residuals, &residuals, z.rows(), &mut within);
    let degrees = (objects * (views - 1)) as f64;
    let mut root = Mat::from_fn(dim, dim, |i, j| {
        within[i * dim + j] / degrees + if i == j { RIDGE } else { 0.0 }
    });
    factor(&mut root)?;
    // W = L Lᵀ: the eigenvalues are the squared singular values of L⁻¹ Mᵀ, M the centred means / √(n − 1).
    let scale = 1.0 / ((objects - 1) as f64).sqrt();
    let mut whitened = Mat::from_fn(dim, objects, |d, o| means[o * dim + d] * scale);
    solve_lower_triangular_in_place(root.as_ref(), whitened.as_mut(), Par::Seq);
    let mut eigenvalues = singular_values(whitened.as_ref())?;
    for s in &mut eigenvalues {
        *s *= *s;
    }
    eigenvalues.resize(dim, 0.0);
    effective_rank(&eigenvalues)
}

/// Object means around their own mean (n, D), and views around their object's mean (n · views, D).
fn split(z: &Features, objects: usize, views: usize) -> (Vec<f64>, Vec<f64>) {
    let dim = z.dim;
    let mut residuals: Vec<f64> = z.values.iter().map(|v| f64::from(*v)).collect();
    let mut means = Vec::with_capacity(objects * dim);
    for object in residuals.chunks_exact_mut(views * dim) {
        let mean = centre(object, dim);
        means.extend(mean);
    }
    centre(&mut means, dim);
    (means, residuals)
}

/// Subtract the mean row from every row, and return it.
fn centre(rows: &mut [f64], dim: usize) -> Vec<f64> {
    let count = (rows.len() / dim) as f64;
    let mut mean = vec![0.0; dim];
    for row in rows.chunks_exact(dim) {
        for (m, v) in mean.iter_mut().zip(row) {
            *m += v / count;
        }
    }
    for row in rows.chunks_exact_mut(dim) {
        for (v, m) in row.iter_mut().zip(&mean) {
            *v -= m;
        }
    }
    mean
}

/// The lower Cholesky factor, in place.
fn factor(matrix: &mut Mat<f64>) -> Result<()> {
    let dim = matrix.nrows();
    let scratch = cholesky_in_place_scratch::<f64>(dim, Par::Seq, Spec::default());
    cholesky_in_place(
        matrix.as_mut(),
        LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    )
    .map(|_| ())
    .map_err(|e| {
        Error::Failed(format!(
            "the within-object covariance cannot be inverted: {e:?}"
        ))
    })
}
