//! The gradient audit of the first step, and of the first one with a thawed encoder.

use crate::error::{Error, Result};
use crate::graph::Gradients;
use crate::params::Params;

/// Every parameter that may change must have received a gradient at `step`, the first at which it may: a graph cut by an
/// operation without a backward pass trains silently and badly.
pub(super) fn audit(params: &Params, gradients: &Gradients, step: u64) -> Result<()> {
    let missing: Vec<String> = params
        .trainable()
        .into_iter()
        .map(|param| param.name)
        .filter(|name| !gradients.of.contains_key(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "at step {} these parameters received no gradient and would never learn: {}; \
         the loss does not depend on them, or an operation on the way has no backward pass",
        step + 1,
        missing.join(", ")
    )))
}
