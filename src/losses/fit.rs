//! Whether a loss fits an energy: what no setting can mend.

use crate::error::{Error, Result};

/// Refuse a level that no wrong answer can rise to.
pub(super) fn reachable(margin: f64, (_, high): (f64, f64)) -> Result<()> {
    if margin <= high {
        return Ok(());
    }
    Err(Error::key(
        "loss.margin",
        format!(
            "wrong answers should rise to {margin}, but this energy only goes up to {high}; set a margin of {high} or less"
        ),
    ))
}

/// Refuse an energy that can go below zero.
pub(super) fn non_negative(loss: &str, (low, _): (f64, f64)) -> Result<()> {
    if low >= 0.0 {
        return Ok(());
    }
    Err(Error::key(
        "loss.kind",
        format!(
            "`{loss}` needs energies of at least 0, but this energy goes down to {low}; \
             choose another energy (cosine, squared, euclidean, l1), set `head.non_negative = true` on a multi-class \
             head, or choose another loss (hinge, log, nll)"
        ),
    ))
}
