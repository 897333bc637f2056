use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::negatives::{NegativesKind, WrongFrom};

/// Fewer samples a batch tell nothing about a cloud, and offer hardly a wrong answer.
const FEWEST_SAMPLES: usize = 8;

/// A batch too small for what is read from it: wrong answers, or the shape of a cloud.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let config = context.config;
    let pairs = config.negatives.as_ref().and_then(NegativesKind::pairs);
    let outside = pairs.is_some_and(|pairs| pairs.wrong_from() == WrongFrom::Memory);
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
