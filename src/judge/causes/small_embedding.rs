use super::context::{Context, cause};
use crate::eval::collapse::{Cause, FEWEST_DIMENSIONS};

/// Embeddings of too few numbers.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let Some(projector) = &context.config.projector else {
        return None;
    };
    let (key, size) = match projector.prototypes {
        0 => ("output", projector.output),
        prototypes => ("prototypes", prototypes),
    };
    (size < FEWEST_DIMENSIONS).then(|| {
        cause(
            "small_embedding",
            format!("`projector.{key}` {size} leaves embeddings too few directions to differ in; 64 or more is usual"),
        )
    })
}
