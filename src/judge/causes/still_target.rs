use super::context::{Context, cause};
use crate::eval::collapse::Cause;

/// A target that has moved less than this share of the way to the trained network has not moved.
const LEAST_FOLLOWED: f64 = 0.5;

/// A target that hardly follows in the steps that the run has.
pub(super) fn find(context: &Context) -> Option<Cause> {
    if context.config.encoder.part().starts_from_file() {
        return None; // it answers with what those weights know
    }
    let train = &context.config.train;
    let target = context.config.target?;
    let steps = train.epochs as f64 * (context.images / train.batch.max(1)) as f64;
    let kept = f64::midpoint(target.momentum, target.end); // the mean over its schedule
    (train.epochs > 0 && steps * (1.0 - kept) < LEAST_FOLLOWED).then(|| {
        cause(
            "still_target",
            format!(
                "`target.momentum` {} to {} keeps the target nearly as it started, a random network, for all {steps:.0} \
                 steps; lower it",
                target.momentum, target.end
            ),
        )
    })
}
