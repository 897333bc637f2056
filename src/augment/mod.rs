//! Augmentation: one operation a file, torchvision's semantics on floats in [0, 1].
//!
//! A pipeline turns a decoded [`Image`] of any size into one view (C, size, size): its first operation frames
//! (crops, resizes) straight from the bytes, the others change the view in place. [`MultiView`] makes all
//! views of a sample; every draw is a function of (seed, epoch, sample, view).

pub mod affine;
mod check;
pub mod colour_jitter;
mod config;
pub mod gaussian_blur;
pub mod grayscale;
pub mod horizontal_flip;
mod multi_view;
pub mod normalize;
mod pipeline;
mod planar;
mod presets;
pub mod random_crop;
pub mod random_resized_crop;
pub mod resample;
pub mod resize;
mod scratch;
pub mod solarize;
mod taps;

use rand::RngExt;

use crate::data::Image;
use crate::error::Result;
use crate::family;
use crate::random::Stream;

pub use affine::Affine;
pub use colour_jitter::ColourJitter;
pub use config::{AugmentConfig, ViewConfig};
pub use gaussian_blur::GaussianBlur;
pub use grayscale::Grayscale;
pub use horizontal_flip::HorizontalFlip;
pub use multi_view::MultiView;
pub use normalize::Normalize;
pub use pipeline::Pipeline;
pub use planar::Planar;
pub use presets::{digits, simclr};
pub use random_crop::RandomCrop;
pub use random_resized_crop::RandomResizedCrop;
pub use resize::Resize;
pub use scratch::Scratch;
pub use solarize::Solarize;
pub use taps::{Interpolation, Taps};

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

family! {
    /// The operations a pipeline may list.
    Operation: Augmentation {
        "random_resized_crop" => RandomResizedCrop(RandomResizedCrop),
        "resize" => Resize(Resize),
        "random_crop" => RandomCrop(RandomCrop),
        "horizontal_flip" => HorizontalFlip(HorizontalFlip),
        "color_jitter" => ColourJitter(ColourJitter),
        "grayscale" => Grayscale(Grayscale),
        "gaussian_blur" => GaussianBlur(GaussianBlur),
        "solarize" => Solarize(Solarize),
        "affine" => Affine(Affine),
    }
}

/// A uniform draw from [`low`, `high`).
fn uniform(rng: &mut Stream, [low, high]: [f64; 2]) -> f64 {
    low + (high - low) * rng.random::<f64>()
}
