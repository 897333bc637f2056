use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::losses::Margin;
use crate::regularizers::RegularizerKind;

/// A loss without wrong answers, beside regularizers that cost least in one point.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let regularizers = &context.config.regularizers;
    let only_pulls = context.loss.margin() == Margin::None;
    if regularizers.is_empty() || context.held_apart() || !only_pulls {
        return None;
    }
    let names = regularizers.iter().map(RegularizerKind::name);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    Some(cause(
        "no_variance",
        format!(
            "the variance term is missing: {} in `regularizers` costs least when all embeddings are equal (or has \
             weight 0); add kind = \"variance\"",
            names.join(" + ")
        ),
    ))
}
