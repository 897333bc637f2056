use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::losses::Margin;

/// A loss that equal energies satisfy.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let none = context.loss.margin() == Margin::Finite(0.0);
    (none && !context.held_apart()).then(|| {
        cause(
            "no_margin",
            format!(
                "the loss `{}` has a margin of 0, so that equal energies satisfy it; choose one with a margin",
                context.config.loss.name()
            ),
        )
    })
}
