use super::context::{Context, cause};
use crate::eval::collapse::Cause;

/// A warm-up that the run does not come out of.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let train = &context.config.train;
    let (warmup, epochs) = (train.warmup_epochs, train.epochs as f64);
    (train.epochs > 0 && warmup > epochs).then(|| {
        cause(
            "long_warmup",
            format!(
                "`train.warmup_epochs` {warmup} is longer than the run of {epochs} epochs: the learning rate ends at \
                 {:.0} % of `optimizer.lr`; give more epochs or a shorter warm-up",
                100.0 * epochs / warmup
            ),
        )
    })
}
