//! Pipelines of the literature, as lists of operations.

use super::Operation;
use super::affine::Affine;
use super::color_jitter::ColorJitter;
use super::gaussian_blur::GaussianBlur;
use super::grayscale::Grayscale;
use super::horizontal_flip::HorizontalFlip;
use super::random_resized_crop::RandomResizedCrop;

/// The augmentations of `SimCLR` (Chen et al. 2020): crop, flip, colour jitter, grayscale, and blur from 64 pixels on.
///
/// `strength` scales the jitter: 1 for photographs, 0.5 for CIFAR. The blur's kernel is a tenth of the side, odd.
#[must_use]
pub fn simclr(size: usize, strength: f64) -> Vec<Operation> {
    let mut operations = vec![
        Operation::RandomResizedCrop(RandomResizedCrop::default()),
        Operation::HorizontalFlip(HorizontalFlip::default()),
        Operation::ColorJitter(ColorJitter {
            brightness: 0.8 * strength,
            contrast: 0.8 * strength,
            saturation: 0.8 * strength,
            hue: 0.2 * strength,
            p: 0.8,
        }),
        Operation::Grayscale(Grayscale::default()),
    ];
    if size >= 64 {
        operations.push(Operation::GaussianBlur(GaussianBlur {
            kernel: (size / 10) | 1,
            ..GaussianBlur::default()
        }));
    }
    operations
}

/// Small rotations, shifts, scalings and shears: for digits and other drawings, where a crop or a flip would change
/// the meaning.
#[must_use]
pub fn digits() -> Vec<Operation> {
    vec![Operation::Affine(Affine::default())]
}
