//! What every operation of a pipeline can do.

use rand::RngExt;

use super::planar::Planar;
use super::scratch::Scratch;
use crate::data::Image;
use crate::error::Result;
use crate::random::Stream;

/// One step of a pipeline.
pub trait Augmentation: Send + Sync {
    /// How likely it is applied to a view; 1 for operations that always are.
    fn probability(&self) -> f64 {
        1.0
    }

    /// Whether it makes the view from the decoded image; such an operation stands first.
    fn frames(&self) -> bool {
        false
    }

    /// Draw the parameters and apply them to `view` (C, size, size), values in [0, 1].
    ///
    /// An operation that frames fills `view` from `source`; the others change `view` and ignore `source`.
    fn apply(&self, source: &Image, view: &mut Planar, rng: &mut Stream, scratch: &mut Scratch);

    /// Refuse settings that make no sense for views of `size`×`size`; `key` is where they stand in the configuration.
    ///
    /// # Errors
    /// [`crate::error::Error::Usage`] with the key path and the way out.
    fn validate(&self, key: &str, size: usize) -> Result<()>;
}

/// A uniform draw from [`low`, `high`).
pub(super) fn uniform(rng: &mut Stream, [low, high]: [f64; 2]) -> f64 {
    low + (high - low) * rng.random::<f64>()
}
