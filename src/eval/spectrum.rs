//! How much of the embedding space is used: spread and effective rank.

use super::features::Features;
use super::moments::moments;
use super::products::normalized;
use super::singular::singular_values;
use crate::error::{Error, Result};

/// Added to every share of a spectrum before its logarithm is taken.
const EPSILON: f64 = 1e-7;

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
    let unit = normalized(&z.values, dim);
    let deviation = |d: usize| {
        let column = unit.iter().skip(d).step_by(dim).map(|v| f64::from(*v));
        moments(column).1.sqrt()
    };
    let sum: f64 = (0..dim).map(deviation).sum();
    (dim as f64).sqrt() * sum / dim as f64
}

/// RankMe, the effective number of directions: exp(−Σ p log p), p = σ / Σ σ + 1e-7, σ the singular values of z (N, D).
///
/// Between 1 and min(N, D); neither centred nor normalised. Source: Garrido, Balestriero, Najman, LeCun, *RankMe*,
/// 2023. Choose it to compare runs of one method without labels. Cost: N D² in f64; a few thousand rows tell enough.
///
/// # Errors
/// [`Error::Failed`] when z is empty, all zero, or not finite.
pub fn rankme(z: &Features) -> Result<f64> {
    z.check()?;
    effective_rank(&singular_values(&z.values, z.dim)?)
}

/// [`rankme`], and 1 where every embedding is zero: a single point, as a last batch norm makes of images that are all
/// equal.
///
/// # Errors
/// As [`rankme`], but for zeros.
pub fn directions(z: &Features) -> Result<f64> {
    if !z.values.is_empty() && z.values.iter().all(|v| *v == 0.0) {
        return Ok(1.0);
    }
    rankme(z)
}

/// exp of the entropy of a spectrum.
fn effective_rank(spectrum: &[f64]) -> Result<f64> {
    let total: f64 = spectrum.iter().sum();
    if total <= 0.0 {
        return Err(Error::Failed(
            "every embedding is zero: there is no spectrum to measure".into(),
        ));
    }
    let share = spectrum.iter().map(|s| s / total + EPSILON);
    Ok((-share.map(|p| p * p.ln()).sum::<f64>()).exp())
}
