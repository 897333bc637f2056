//! Small random affine transformations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::{Augmentation, uniform};
use super::check;
use super::planar::Planar;
use super::scratch::{Scratch, room};
use crate::data::Image;
use crate::error::Result;
use crate::kernels::pixels;
use crate::random::Stream;

/// Rotate, shift, scale and shear by small random amounts, zeros coming in from outside.
///
/// The augmentation for digits, characters and other drawings, where crops and colours would change the meaning.
/// As torchvision's `RandomAffine`, except that shifts keep their fractions of a pixel, which matter at 8 pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Affine {
    /// Largest rotation either way, in degrees.
    pub degrees: f64,
    /// Largest shift along each axis, as a share of the side.
    pub translate: f64,
    /// Smallest and largest scale factor.
    pub scale: [f64; 2],
    /// Largest shear along x either way, in degrees.
    pub shear: f64,
    /// Probability.
    pub p: f64,
}

impl Default for Affine {
    fn default() -> Self {
        Self {
            degrees: 10.0,
            translate: 0.1,
            scale: [0.9, 1.1],
            shear: 5.0,
            p: 1.0,
        }
    }
}

/// What an affine transformation does to the picture, around its centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Clockwise rotation, in degrees.
    pub degrees: f64,
    /// Shift to the right and down, in pixels.
    pub translate: [f64; 2],
    /// Scale factor.
    pub scale: f64,
    /// Shear along x and y, in degrees.
    pub shear: [f64; 2],
}

impl Motion {
    /// The matrix (2, 3) that takes centred places of the result to centred places of the original.
    ///
    /// Inverse of T · R(rotation) · Shear · Scale, as torchvision's `_get_inverse_affine_matrix`.
    #[must_use]
    pub fn inverse(&self) -> [[f64; 3]; 2] {
        let rotation = self.degrees.to_radians();
        let [sx, sy] = self.shear.map(f64::to_radians);
        let [tx, ty] = self.translate;
        let a = (rotation - sy).cos() / sy.cos();
        let b = -(rotation - sy).cos() * sx.tan() / sy.cos() - rotation.sin();
        let c = (rotation - sy).sin() / sy.cos();
        let d = -(rotation - sy).sin() * sx.tan() / sy.cos() + rotation.cos();
        [[d, -b], [-c, a]].map(|row| {
            let [across, down] = row.map(|entry| entry / self.scale);
            [across, down, -across * tx - down * ty]
        })
    }
}

/// Zeros kept around a plane: one before it, two after, so that both neighbours of any place exist.
const BORDER: usize = 3;

/// Move the picture: bilinear between pixels, zeros outside.
pub fn affine(view: &mut Planar, motion: &Motion, scratch: &mut Scratch) {
    let (height, width) = (view.height(), view.width());
    let stride = width + BORDER;
    let [across, down] = motion.inverse();
    let (middle_x, middle_y) = (width as f64 / 2.0, height as f64 / 2.0);
    let most = [(width + 1) as f32, (height + 1) as f32];
    let step = [across[0] as f32, down[0] as f32];
    let padded = room(&mut scratch.plane, (height + BORDER) * stride);
    padded.fill(0.0);
    for channel in 0..view.channels() {
        for y in 0..height {
            padded[(y + 1) * stride + 1..][..width].copy_from_slice(view.row(channel, y));
        }
        for y in 0..height {
            let (x, y_from_middle) = (0.5 - middle_x, y as f64 + 0.5 - middle_y);
            // Half a pixel back from its corner, one on for the border.
            let at = |[a, b, c]: [f64; 3], middle: f64| {
                (a * x + b * y_from_middle + c + middle + 0.5) as f32
            };
            let start = [at(across, middle_x), at(down, middle_y)];
            pixels::warp(
                view.row(channel, y),
                padded,
                stride as u32,
                most,
                start,
                step,
            );
        }
    }
}

impl Augmentation for Affine {
    fn probability(&self) -> f64 {
        self.p
    }

    fn apply(&self, _: &Image, view: &mut Planar, rng: &mut Stream, scratch: &mut Scratch) {
        let either_way = |rng: &mut Stream, most: f64| uniform(rng, [-most, most]);
        let motion = Motion {
            degrees: either_way(rng, self.degrees),
            translate: [
                either_way(rng, self.translate * view.width() as f64),
                either_way(rng, self.translate * view.height() as f64),
            ],
            scale: uniform(rng, self.scale),
            shear: [either_way(rng, self.shear), 0.0],
        };
        affine(view, &motion, scratch);
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        check::probability(key, self.p)?;
        check::strength(&format!("{key}.degrees"), self.degrees, 180.0)?;
        crate::ranges::share(&format!("{key}.translate"), self.translate)?;
        check::positive_range(&format!("{key}.scale"), self.scale)?;
        check::strength(&format!("{key}.shear"), self.shear, 60.0)
    }
}
