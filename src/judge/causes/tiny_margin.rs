use super::context::{Context, cause};
use crate::eval::collapse::Cause;
use crate::losses::Margin;

/// A margin below this share of the energy's range is met by chance.
const LEAST_MARGIN: f64 = 0.01;

/// A margin that nearly equal embeddings satisfy.
pub(super) fn find(context: &Context) -> Option<Cause> {
    let Margin::Finite(margin) = context.loss.margin() else {
        return None;
    };
    let (low, high) = context.energy_range();
    let tiny = margin > 0.0 && high.is_finite() && margin < LEAST_MARGIN * (high - low);
    tiny.then(|| {
        cause(
            "tiny_margin",
            format!(
                "`loss.margin` {margin} is small against energies between {low} and {high}, so that nearly equal \
                 embeddings satisfy it; a tenth to a quarter of the range is usual"
            ),
        )
    })
}
