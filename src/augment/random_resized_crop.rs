//! Random resized crop.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::{Augmentation, uniform};
use super::check;
use super::planar::Planar;
use super::resample::{Region, resized_crop};
use super::scratch::Scratch;
use super::taps::Interpolation;
use crate::data::Image;
use crate::error::{Result, require};
use crate::kernels::pixels;
use crate::random::Stream;

/// Cut out a rectangle of random area and shape, and resize it to the view's size (Szegedy et al. 2015).
///
/// The strongest single augmentation for objects that fill the picture; without it contrastive learning of
/// photographs hardly works (Chen et al. 2020).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomResizedCrop {
    /// Smallest and largest area, as shares of the image; at most 1.
    pub scale: [f64; 2],
    /// Smallest and largest width / height, drawn evenly on a logarithmic axis.
    pub ratio: [f64; 2],
    /// Filter of the resize.
    pub interpolation: Interpolation,
    /// Probability; otherwise the view is the resized central square.
    pub p: f64,
}

impl Default for RandomResizedCrop {
    fn default() -> Self {
        Self {
            scale: [0.08, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            interpolation: Interpolation::Bilinear,
            p: 1.0,
        }
    }
}

/// Draw a crop of an image of `height`×`width` as torchvision does.
///
/// Ten tries of area ~ U(`scale`) and log aspect ~ U(log `ratio`); when none fits, the largest centred crop
/// whose aspect lies in `ratio`.
pub fn region(
    height: usize,
    width: usize,
    scale: [f64; 2],
    ratio: [f64; 2],
    rng: &mut Stream,
) -> Region {
    let area = (height * width) as f64;
    for _ in 0..10 {
        let wanted = area * uniform(rng, scale);
        let aspect = uniform(rng, ratio.map(f64::ln)).exp();
        let w = (wanted * aspect).sqrt().round_ties_even() as usize;
        let h = (wanted / aspect).sqrt().round_ties_even() as usize;
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            return Region {
                top: rng.random_range(0..=height - h),
                left: rng.random_range(0..=width - w),
                height: h,
                width: w,
            };
        }
    }
    centered(height, width, ratio)
}

/// The largest centred crop whose width / height lies in `ratio`.
fn centered(height: usize, width: usize, ratio: [f64; 2]) -> Region {
    let aspect = width as f64 / height as f64;
    let (h, w) = if aspect < ratio[0] {
        let h = (width as f64 / ratio[0]).round_ties_even() as usize;
        (h.clamp(1, height), width)
    } else if aspect > ratio[1] {
        let w = (height as f64 * ratio[1]).round_ties_even() as usize;
        (height, w.clamp(1, width))
    } else {
        (height, width)
    };
    Region {
        top: (height - h) / 2,
        left: (width - w) / 2,
        height: h,
        width: w,
    }
}

impl Augmentation for RandomResizedCrop {
    fn probability(&self) -> f64 {
        self.p
    }

    fn frames(&self) -> bool {
        true
    }

    fn apply(&self, source: &Image, view: &mut Planar, rng: &mut Stream, scratch: &mut Scratch) {
        let region = region(source.height, source.width, self.scale, self.ratio, rng);
        resized_crop(source, region, self.interpolation, view, scratch);
        if self.interpolation == Interpolation::Bicubic {
            pixels::clamp(view.data());
        }
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        check::probability(key, self.p)?;
        check::positive_range(&format!("{key}.scale"), self.scale)?;
        check::positive_range(&format!("{key}.ratio"), self.ratio)?;
        require(
            &format!("{key}.scale"),
            self.scale[1] <= 1.0,
            format_args!(
                "{} is more than the whole image; areas are shares of it, at most 1",
                self.scale[1]
            ),
        )
    }
}
