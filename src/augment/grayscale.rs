//! Random grayscale.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
use super::check;
use super::planar::Planar;
use super::scratch::Scratch;
use crate::data::Image;
use crate::error::Result;
use crate::kernels::pixels;
use crate::random::Stream;

/// Replace the three colours by their luma; grey images stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Grayscale {
    /// Probability.
    pub p: f64,
}

impl Default for Grayscale {
    fn default() -> Self {
        Self { p: 0.2 }
    }
}

/// `0.2989 R + 0.587 G + 0.114 B` in all three channels.
pub fn grayscale(view: &mut Planar) {
    if let Some([red, green, blue]) = view.colors() {
        pixels::spread_luma(red, green, blue);
    }
}

impl Augmentation for Grayscale {
    fn probability(&self) -> f64 {
        self.p
    }

    fn apply(&self, _: &Image, view: &mut Planar, _: &mut Stream, _: &mut Scratch) {
        grayscale(view);
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        check::probability(key, self.p)
    }
}
