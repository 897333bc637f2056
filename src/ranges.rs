//! What the keys of a configuration may be: one sentence for each kind of range.

use crate::error::{Result, require};

/// Larger counts of answers, values or steps are typing errors.
const MOST: usize = 1_000_000;

/// Refuse a number that is not above zero.
///
/// ```
/// use ravine::ranges::positive;
/// assert!(positive("loss.margin", 0.2).is_ok());
/// assert!(positive("loss.margin", 0.0).is_err());
/// ```
///
/// # Errors
/// A sentence with the key.
pub fn positive(key: &str, value: f64) -> Result<()> {
    require(
        key,
        value > 0.0 && value.is_finite(),
        format_args!("must be a number above 0, not {value}"),
    )
}

/// Refuse a number below `least`.
///
/// # Errors
/// A sentence with the key.
pub fn at_least(key: &str, value: f64, least: f64) -> Result<()> {
    require(
        key,
        value >= least && value.is_finite(),
        format_args!("must be at least {least}, not {value}"),
    )
}

/// Refuse a count below `least`, and one that no machine gets through.
///
/// # Errors
/// A sentence with the key.
pub fn count(key: &str, value: usize, least: usize) -> Result<()> {
    require(
        key,
        (least..=MOST).contains(&value),
        format_args!("must be between {least} and {MOST}, not {value}"),
    )
}

/// Refuse a number outside [0, 1].
///
/// # Errors
/// A sentence with the key.
pub fn share(key: &str, value: f64) -> Result<()> {
    require(
        key,
        (0.0..=1.0).contains(&value),
        format_args!("must be between 0 and 1, not {value}"),
    )
}
