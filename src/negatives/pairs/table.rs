//! Tables of the energies between all embeddings of a batch.

use candle_core::Tensor;

use crate::energies::Energy;
use crate::error::{Error, Result};

/// Energies (V·B, V·B) of all questions against all answers, view after view, and (V, B).
///
/// # Errors
/// Fewer than two views, views that do not answer, or a tensor operation failed.
pub(super) fn square(
    energy: &dyn Energy,
    questions: &[Tensor],
    answers: &[Tensor],
) -> Result<(Tensor, usize, usize)> {
    let views = questions.len();
    if views < 2 {
        return Err(too_few_views());
    }
    if answers.len() != views {
        return Err(Error::key(
            "negatives.kind",
            format!(
                "this source compares all views with each other, but only the {} views of full size answer; use \
                 `none`, `queue` or `other_view`, or give all views one size",
                answers.len()
            ),
        ));
    }
    let batch = questions[0].dim(0)?;
    let x = Tensor::cat(questions, 0)?;
    let y = Tensor::cat(answers, 0)?;
    Ok((energy.table(&x, &y)?, views, batch))
}

/// The refusal of samples without a second view.
pub(super) fn too_few_views() -> Error {
    Error::key("augment.views", "pairs need at least two views of a sample")
}

/// One (B, D) tensor a view, without gradient.
pub(super) fn detached(views: &[Tensor]) -> Vec<Tensor> {
    views.iter().map(Tensor::detach).collect()
}
