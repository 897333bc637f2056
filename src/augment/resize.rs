//! Resize and centre crop: the deterministic frame.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
use super::planar::Planar;
use super::resample::{Region, resample};
use super::scratch::Scratch;
use super::taps::Interpolation;
use crate::data::Image;
use crate::error::{Result, require};
use crate::kernels::pixels;
use crate::random::Stream;

/// Resize the shorter side and cut out the centre: how images are seen in evaluation.
///
/// torchvision's `Resize(size / share)` then `CenterCrop(size)` of float tensors with `antialias=True`, in one pass: values
/// between two of 8 bits stay, which its path through Pillow rounds. Draws nothing. With `share` 1 an
/// image that already has the view's size passes unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resize {
    /// Edge of the kept square as a share of the shorter side: 1 keeps all of it, 0.875 is usual for photographs.
    pub share: f64,
    /// Filter of the resize.
    pub interpolation: Interpolation,
}

impl Default for Resize {
    fn default() -> Self {
        Self {
            share: 1.0,
            interpolation: Interpolation::Bilinear,
        }
    }
}

/// Sides of a `height`×`width` image whose shorter side becomes `shorter`, the aspect kept (rounded down).
#[must_use]
pub fn fit(height: usize, width: usize, shorter: usize) -> (usize, usize) {
    let least = height.min(width);
    let scaled = |side: usize| (side * shorter / least).max(shorter);
    (scaled(height), scaled(width))
}

impl Resize {
    /// Fill `view` with the centre of `source` resized.
    pub fn frame(&self, source: &Image, view: &mut Planar, scratch: &mut Scratch) {
        let (height, width) = (view.height(), view.width());
        let shorter = (height.max(width) as f64 / self.share).round_ties_even() as usize;
        let (full_height, full_width) = fit(source.height, source.width, shorter);
        let top = center(full_height, height);
        let left = center(full_width, width);
        let (rows, columns) = (top..top + height, left..left + width);
        let filter = self.interpolation;
        let across = &mut scratch.across;
        across.fill(filter, source.width, full_width, columns, 1.0);
        let down = &mut scratch.down;
        down.fill(
            filter,
            source.height,
            full_height,
            rows,
            source.pixels.scale(),
        );
        let whole = Region {
            top: 0,
            left: 0,
            height: source.height,
            width: source.width,
        };
        resample(source, whole, view, scratch);
        if filter == Interpolation::Bicubic {
            pixels::clamp(view.data());
        }
    }
}

/// First pixel of the centred `kept` among `full`, halves to even as torchvision rounds.
fn center(full: usize, kept: usize) -> usize {
    ((full - kept) as f64 / 2.0).round_ties_even() as usize
}

impl Augmentation for Resize {
    fn frames(&self) -> bool {
        true
    }

    fn apply(&self, source: &Image, view: &mut Planar, _: &mut Stream, scratch: &mut Scratch) {
        self.frame(source, view, scratch);
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        let key = format!("{key}.share");
        crate::ranges::share(&key, self.share)?;
        require(
            &key,
            self.share >= 0.01,
            format_args!(
                "{} keeps almost nothing; 1 keeps the whole shorter side",
                self.share
            ),
        )
    }
}
