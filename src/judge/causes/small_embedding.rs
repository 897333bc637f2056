use super::{Context, cause};
use crate::error::Result;
use crate::eval::collapse::{Cause, FEWEST_DIMENSIONS};

/// Embeddings of too few numbers.
pub(super) fn find(context: &Context) -> Result<Option<Cause>> {
    let Some(projector) = &context.config.projector else {
        return Ok(None);
    };
    let (key, size) = match projector.prototypes {
        0 => ("output", projector.output),
        prototypes => ("prototypes", prototypes),
    };
    Ok((size < FEWEST_DIMENSIONS).then(|| {
        cause(
            "small_embedding",
            format!("`projector.{key}` {size} leaves embeddings too few directions to differ in; 64 or more is usual"),
        )
    }))
}
