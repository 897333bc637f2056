use super::context::{Context, cause};
use crate::eval::collapse::Cause;

/// A learning rate above all that are usual with this optimizer.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let optimizer = context.config.optimizer.part();
    let (rate, usual) = (optimizer.learning_rate(), optimizer.largest_usual_rate());
    (rate > usual).then(|| {
        cause(
            "learning_rate",
            format!(
                "`optimizer.lr` {rate} is large for {}; start below {}",
                context.config.optimizer.name(),
                (usual * 1e3).round() / 1e3
            ),
        )
    })
}
