//! Figures of the trained encoder, which never stand alone.

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// The trained encoder with its two baselines always beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WithBaselines<T> {
    /// Embeddings of the encoder after training.
    pub pretrained: T,
    /// Embeddings of the same encoder as it started.
    pub untrained: T,
    /// The pixels (or vectors) themselves.
    pub raw: T,
}

impl<T> WithBaselines<T> {
    /// What `measure` makes of each of the three, in their order.
    ///
    /// # Errors
    /// Those of `measure`.
    pub fn each<U>(&self, mut measure: impl FnMut(&T) -> Result<U>) -> Result<WithBaselines<U>> {
        Ok(WithBaselines {
            pretrained: measure(&self.pretrained)?,
            untrained: measure(&self.untrained)?,
            raw: measure(&self.raw)?,
        })
    }
}
