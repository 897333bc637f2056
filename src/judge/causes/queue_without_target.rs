use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::negatives::{NegativesKind, WrongFrom};

/// Wrong answers kept from earlier batches, made by a network that has moved on since.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let negatives = context.config.negatives.as_ref();
    let kept = negatives
        .and_then(NegativesKind::pairs)
        .is_some_and(|pairs| pairs.wrong_from() == WrongFrom::Memory);
    (kept && context.config.target.is_none()).then(|| {
        cause(
            "queue_without_target",
            "`negatives` are kept from earlier batches, but without a `target` the network that made them has changed \
             since, and age tells them apart; add target.momentum = 0.99 (MoCo), or set negatives.kind = \"in_batch\""
                .into(),
        )
    })
}
