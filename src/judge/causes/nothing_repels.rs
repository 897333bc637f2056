use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::losses::Margin;

/// A loss without wrong answers, and neither a predictor nor a centre nor a regularizer.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let alone = context.config.regularizers.is_empty() && !context.held_apart();
    let only_pulls = context.loss.margin() == Margin::None;
    (alone && only_pulls).then(|| {
        cause(
            "nothing_repels",
            format!(
                "the loss `{}` only pulls embeddings together and nothing holds them apart; add a predictor (SimSiam, \
                 BYOL), regularizers with a variance term (VICReg), or choose a loss with wrong answers",
                context.config.loss.name()
            ),
        )
    })
}
