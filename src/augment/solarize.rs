//! Random solarize.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
use super::check;
use super::planar::Planar;
use super::scratch::Scratch;
use crate::data::Image;
use crate::error::{Result, require};
use crate::kernels::pixels;
use crate::random::Stream;

/// Invert the bright pixels.
///
/// Second view of BYOL (Grill et al. 2020), Barlow Twins and `VICReg`, with probability 0.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Solarize {
    /// Values from here on are inverted; above 1 nothing is.
    pub threshold: f64,
    /// Probability.
    pub p: f64,
}

impl Default for Solarize {
    fn default() -> Self {
        Self {
            threshold: 128.0 / 255.0,
            p: 0.2,
        }
    }
}

/// `1 − x` where `x >= threshold`, else `x`.
pub fn solarize(view: &mut Planar, threshold: f32) {
    pixels::solarize(view.data(), threshold);
}

impl Augmentation for Solarize {
    fn probability(&self) -> f64 {
        self.p
    }

    fn apply(&self, _: &Image, view: &mut Planar, _: &mut Stream, _: &mut Scratch) {
        solarize(view, self.threshold as f32);
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        check::probability(key, self.p)?;
        require(
            &format!("{key}.threshold"),
            (0.0..=2.0).contains(&self.threshold),
            format_args!(
                "{} is not between 0 and 2; values of 1 and less are those of pixels, above 1 nothing is inverted",
                self.threshold
            ),
        )
    }
}
