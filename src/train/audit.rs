//! The first step's gradient audit.

use crate::error::{Error, Result};
use crate::graph::Gradients;
use crate::params::Params;

/// Every trainable parameter must have received a gradient: a graph cut by an operation without a
/// backward pass trains silently and badly.
pub(super) fn audit(params: &Params, gradients: &Gradients) -> Result<()> {
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
        "at the first step these parameters received no gradient and would never learn: {}; \
         the loss does not depend on them, or an operation on the way has no backward pass",
        missing.join(", ")
    )))
}
