//! Augmentation: one operation a file, torchvision's semantics on floats in [0, 1].
//!
//! A pipeline turns a decoded [`Image`](crate::data::Image) of any size into one view (C, size, size): its first operation frames
//! (crops, resizes) straight from the bytes, the others change the view in place. [`MultiView`] makes all
//! views of a sample; every draw is a function of (seed, epoch, sample, view).

pub mod affine;
mod augmentation;
mod check;
pub mod color_jitter;
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
mod without_color;

use crate::family;

pub use affine::Affine;
pub use augmentation::Augmentation;
pub use color_jitter::ColorJitter;
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

family! {
    /// The operations a pipeline may list.
    Operation: Augmentation {
        "random_resized_crop" => RandomResizedCrop(RandomResizedCrop),
        "resize" => Resize(Resize),
        "random_crop" => RandomCrop(RandomCrop),
        "horizontal_flip" => HorizontalFlip(HorizontalFlip),
        "color_jitter" => ColorJitter(ColorJitter),
        "grayscale" => Grayscale(Grayscale),
        "gaussian_blur" => GaussianBlur(GaussianBlur),
        "solarize" => Solarize(Solarize),
        "affine" => Affine(Affine),
    }
}
