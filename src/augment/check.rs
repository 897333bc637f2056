//! Sentences for settings that make no sense.

use crate::error::{Result, require};
use crate::ranges::share;

/// `value` must be a probability.
pub(super) fn probability(key: &str, value: f64) -> Result<()> {
    share(&format!("{key}.p"), value)
}

/// `[low, high]` must be finite, ordered and above zero.
pub(super) fn positive_range(key: &str, [low, high]: [f64; 2]) -> Result<()> {
    require(
        key,
        low > 0.0 && low <= high && high.is_finite(),
        format_args!(
            "[{low}, {high}] is not a range above 0; write the smaller number first, both above 0"
        ),
    )
}

/// `value` must lie in [0, `most`].
pub(super) fn strength(key: &str, value: f64, most: f64) -> Result<()> {
    require(
        key,
        (0.0..=most).contains(&value),
        format_args!("{value} is not between 0 and {most}; 0 turns it off"),
    )
}
