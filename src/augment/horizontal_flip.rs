//! Horizontal flip.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
use super::check;
use super::planar::Planar;
use super::scratch::Scratch;
use crate::data::Image;
use crate::error::Result;
use crate::random::Stream;

/// Mirror left and right.
///
/// Right for photographs; wrong for text, digits and anything whose mirror image means something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HorizontalFlip {
    /// Probability.
    pub p: f64,
}

impl Default for HorizontalFlip {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

/// Columns in reverse order.
pub fn flip(view: &mut Planar) {
    view.rows().for_each(<[f32]>::reverse);
}

impl Augmentation for HorizontalFlip {
    fn probability(&self) -> f64 {
        self.p
    }

    fn apply(&self, _: &Image, view: &mut Planar, _: &mut Stream, _: &mut Scratch) {
        flip(view);
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        check::probability(key, self.p)
    }
}
