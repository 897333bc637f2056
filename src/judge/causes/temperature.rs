use super::context::{Context, cause};
use crate::eval::collapse::Cause;

/// With a smaller β · (highest − lowest energy) all answers are about as probable, whatever the network does.
const LEAST_CONTRAST: f64 = 0.1;

/// With a larger one a thousandth of the range decides which answer has all the probability.
const MOST_CONTRAST: f64 = 1000.0;

/// Energies that differ by too little, times beta, for a softmax to tell, or by so much that it is none.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let beta = context.loss.beta()?;
    let (low, high) = context.energy_range();
    let contrast = beta * (high - low);
    let (size, so) = if contrast < LEAST_CONTRAST {
        ("large", "all answers look equally probable")
    } else if contrast.is_finite() && contrast > MOST_CONTRAST {
        ("small", "nothing but the lowest energy counts")
    } else {
        return None;
    };
    Some(cause(
        "temperature",
        format!(
            "the temperature 1/β of `{}` in `loss`, {}, is {size} against energies between {low} and {high}: {so}; 0.1 \
             to 0.5 is usual for cosine energies",
            context.config.loss.name(),
            1.0 / beta
        ),
    ))
}
