//! How much of the embedding space is used: spread, effective rank, alignment and uniformity.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{MatRef, Par, Spec};
use rayon::prelude::*;

use super::features::Features;
use super::products::{clear_vector_registers, normalised, rows_by_rows};
use crate::error::{Error, Result};

/// Added to every share of a spectrum before its logarithm is taken.
const EPSILON: f64 = 1e-7;

/// Rows whose cosines with all others are held at a time.
const BLOCK: usize = 256;

/// Relative spread √D · mean over dimensions of the standard deviation (N − 1) of the L2-normalised rows.
///
/// 0: every embedding points the same way (collapsed); near 1: spread over the sphere. Below two rows it is 0.
/// Source: Chen and He, *Exploring Simple Siamese Representation Learning*, 2021, section 4.1.
/// Cheap (N D): look at it at every probe.
///
/// ```
/// use ravine::eval::{Features, spectrum::relative_spread};
/// let same = Features { dim: 2, values: vec![1.0, 2.0, 2.0, 4.0], ..Features::default() };
/// assert!(relative_spread(&same) < 1e-6);
/// ```
#[must_use]
pub fn relative_spread(z: &Features) -> f64 {
    let (rows, dim) = (z.rows(), z.dim);
    if rows < 2 {
        return 0.0;
    }
    let unit = normalised(&z.values, dim);
    let deviation = |d: usize| {
        let column = || unit.iter().skip(d).step_by(dim).map(|v| f64::from(*v));
        let mean = column().sum::<f64>() / rows as f64;
        let squares: f64 = column().map(|v| (v - mean).powi(2)).sum();
        (squares / (rows - 1) as f64).sqrt()
    };
    let sum: f64 = (0..dim).map(deviation).sum();
    (dim as f64).sqrt() * sum / dim as f64
}

/// RankMe, the effective number of directions: exp(−Σ p log p), p = σ / Σ σ + 1e-7, σ the singular values of z (N, D).
///
/// Between 1 and min(N, D); neither centred nor normalised. Source: Garrido, Balestriero, Najman, LeCun, *RankMe*,
/// 2023. Choose it to compare runs of one method without labels. Cost: an SVD in f64, N D²; a few thousand rows tell enough.
///
/// # Errors
/// [`Error::Failed`] when z is empty, all zero, or not finite.
pub fn rankme(z: &Features) -> Result<f64> {
    z.check()?;
    let values: Vec<f64> = z.values.iter().map(|v| f64::from(*v)).collect();
    let matrix = MatRef::from_row_major_slice(&values, z.rows(), z.dim);
    effective_rank(&singular_values(matrix)?)
}

/// exp of the entropy of a spectrum.
pub(super) fn effective_rank(spectrum: &[f64]) -> Result<f64> {
    let total: f64 = spectrum.iter().sum();
    if total <= 0.0 {
        return Err(Error::Failed(
            "every embedding is zero: there is no spectrum to measure".into(),
        ));
    }
    let share = spectrum.iter().map(|s| s / total + EPSILON);
    Ok((-share.map(|p| p * p.ln()).sum::<f64>()).exp())
}

/// Singular values of `matrix`, largest first, on one thread: equal bits whatever the number of threads.
pub(super) fn singular_values(matrix: MatRef<'_, f64>) -> Result<Vec<f64>> {
    let (rows, columns) = matrix.shape();
    let mut values = Diag::<f64>::zeros(rows.min(columns));
    let no = ComputeSvdVectors::No;
    let scratch = svd_scratch::<f64>(rows, columns, no, no, Par::Seq, Spec::default());
    let result = svd(
        matrix,
        values.as_mut(),
        None,
        None,
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    );
    clear_vector_registers();
    result.map_err(|e| Error::Failed(format!("the singular values did not converge: {e:?}")))?;
    Ok(values.column_vector().iter().copied().collect())
}

/// Alignment: mean squared distance ‖x_i − y_i‖² of the L2-normalised views x, y (N, D) of the same N inputs.
///
/// Between 0 and 4, 0 when views agree. Source: Wang and Isola, *Understanding Contrastive Representation Learning
/// through Alignment and Uniformity*, 2020 (alpha = 2). Meaningless alone: a collapsed encoder has 0; read it with [`uniformity`].
///
/// # Errors
/// [`Error::Failed`] when the two differ in shape or are empty.
pub fn alignment(x: &Features, y: &Features) -> Result<f64> {
    if x.dim != y.dim || x.rows() != y.rows() || x.rows() == 0 {
        return Err(Error::Failed(
            "alignment needs two views of the same inputs".into(),
        ));
    }
    let (x_unit, y_unit) = (normalised(&x.values, x.dim), normalised(&y.values, y.dim));
    let pairs = x_unit.iter().zip(&y_unit);
    let sum: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
    Ok(sum / x.rows() as f64)
}

/// Uniformity: log of the mean over pairs i < j of exp(−2 ‖x_i − x_j‖²), x the L2-normalised rows (N, D).
///
/// Between −8 and 0; lower is more evenly spread, 0 is collapsed. Source as [`alignment`] (t = 2). Cost: N² D.
///
/// # Errors
/// [`Error::Failed`] below two rows, where there is no pair.
pub fn uniformity(x: &Features) -> Result<f64> {
    let (rows, dim) = (x.rows(), x.dim);
    if rows < 2 {
        return Err(Error::Failed(
            "uniformity needs at least two embeddings".into(),
        ));
    }
    let unit = normalised(&x.values, dim);
    let sums: Vec<f64> = (0..rows.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let first = block * BLOCK;
            let mine = &unit[first * dim..(first + BLOCK).min(rows) * dim];
            let rest = &unit[first * dim..];
            let width = rows - first;
            let mut cosines = vec![0.0; mine.len() / dim * width]; // (B, width)
            rows_by_rows(mine, rest, dim, &mut cosines);
            let potential = |c: &f32| (-4.0 * (1.0 - f64::from(*c))).exp(); // ‖x − y‖² = 2 − 2 cos
            let later = |(i, row): (usize, &[f32])| row[i + 1..].iter().map(potential).sum::<f64>();
            cosines.chunks_exact(width).enumerate().map(later).sum()
        })
        .collect();
    let pairs = rows as f64 * (rows - 1) as f64 / 2.0;
    Ok((sums.iter().sum::<f64>() / pairs).ln())
}
