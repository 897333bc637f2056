//! Wrong answers that look right: the guard against false negatives.

use candle_core::{D, Tensor};

use super::embeddings::Embeddings;
use super::table::detached;
use crate::energies::{Cosine, Energy};
use crate::error::{Error, Result};
use crate::losses::{Energies, MASKED};

/// A row that would lose a larger share of its wrong answers keeps them all: so many of them are no false negatives
/// but a cloud in one point, which only wrong answers can push apart.
const MOST: f64 = 0.5;

/// What `compare` makes of questions and answers, without the wrong answers whose cosine with their question is above
/// `above`.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn without(
    above: Option<f64>,
    energy: &dyn Energy,
    embeddings: &Embeddings,
    compare: impl Fn(&dyn Energy, &[Tensor], &[Tensor]) -> Result<Energies>,
) -> Result<Energies> {
    let (questions, answers) = (embeddings.questions, embeddings.answers);
    let mut energies = compare(energy, questions, answers)?;
    if let (Some(above), Some(wrong)) = (above, &energies.negative) {
        let cosines = compare(&Cosine {}, &detached(questions), &detached(answers))?;
        energies.negative = Some(masked(wrong, cosines.wrong()?, above)?);
    }
    Ok(energies)
}

/// `wrong` (N, K) with [`MASKED`] where `cosines` (N, K), energies, are below 1 − `above`.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn masked(wrong: &Tensor, cosines: &Tensor, above: f64) -> Result<Tensor> {
    let near = cosines.detach().lt(1.0 - above)?;
    let share = near.to_dtype(wrong.dtype())?.mean_keepdim(D::Minus1)?;
    let few = share.le(MOST)?.broadcast_as(near.shape())?;
    let far = Tensor::full(MASKED as f32, wrong.shape(), wrong.device())?;
    Ok((near * few)?.where_cond(&far.to_dtype(wrong.dtype())?, wrong)?)
}

/// Refuse a cosine that would leave out what differs.
///
/// # Errors
/// A sentence with the key.
pub(super) fn validate(above: Option<f64>) -> Result<()> {
    match above {
        Some(above) if !(0.0..1.0).contains(&above) => Err(Error::key(
            "negatives.exclude_above",
            format!(
                "{above} is no cosine from 0 up to 1; 0.9 leaves out wrong answers that look the same, and without the \
                 key all are kept"
            ),
        )),
        _ => Ok(()),
    }
}
