use super::{Context, cause};
use crate::eval::collapse::Cause;

/// Fewer samples a batch tell nothing about a cloud, and offer hardly a wrong answer.
const FEWEST_SAMPLES: usize = 8;

/// A batch too small for what is read from it: wrong answers, or the shape of a cloud.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let config = context.config;
    let negatives = config.negatives.as_ref();
    let outside = negatives.is_some_and(|negatives| negatives.part().outside_batch());
    let wrong = context.loss.needs_negatives() && !outside;
    let looks = !config.regularizers.is_empty() || wrong;
    let batch = config.train.batch;
    (looks && batch < FEWEST_SAMPLES).then(|| {
        cause(
            "small_batch",
            format!(
                "`train.batch` {batch} is too small to tell one cloud of embeddings from another; give 64 or more"
            ),
        )
    })
}
