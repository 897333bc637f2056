use super::context::{Context, cause};
use crate::eval::collapse::Cause;

/// Above this rate the few learned numbers of a loss overshoot, unless the optimizer adapts to their gradients.
const FASTEST_LEARNED: f64 = 0.05;

/// Single numbers of the loss whose gradient sums over the batch, at the rate of a network's weights.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let optimizer = context.config.optimizer.part();
    let rate = optimizer.learning_rate();
    let learned = !context.loss.learned().is_empty();
    (learned && !optimizer.adapts() && rate > FASTEST_LEARNED).then(|| {
        cause(
            "learned_scale",
            format!(
                "the scale of `{}` is learned and runs to 0 at `optimizer.lr` {rate} of {}, after which nothing is \
                 learned; choose optimizer.kind = \"adamw\" with lr 0.001",
                context.config.loss.name(),
                context.config.optimizer.name()
            ),
        )
    })
}
