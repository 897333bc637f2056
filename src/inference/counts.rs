//! What no search can work with: counts out of range.

use crate::error::{Error, Result};

/// Larger counts of answers or steps are typing errors.
const MOST: usize = 1_000_000;

/// Refuse points of a grid that are no grid, or one that no machine gets through.
pub(crate) fn points(key: &str, count: usize) -> Result<()> {
    if (2..=MOST).contains(&count) {
        return Ok(());
    }
    Err(Error::key(
        key,
        format!("must be between 2 and {MOST}, not {count}"),
    ))
}

/// Refuse a count of zero, and one that no machine gets through.
pub(crate) fn some(key: &str, count: usize) -> Result<()> {
    if (1..=MOST).contains(&count) {
        return Ok(());
    }
    Err(Error::key(
        key,
        format!("must be between 1 and {MOST}, not {count}"),
    ))
}
