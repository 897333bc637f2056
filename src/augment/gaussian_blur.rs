//! Gaussian blur.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::{Augmentation, uniform};
use super::check;
use super::planar::Planar;
use super::scratch::{Scratch, room};
use crate::data::Image;
use crate::error::{Error, Result};
use crate::kernels::pixels::{BLOCK, symmetric};
use crate::random::Stream;

/// Convolve with a Gaussian of random width.
///
/// Used for large images (Chen et al. 2020: kernel a tenth of the side, with probability ½); at 32 pixels it
/// removes what there is to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianBlur {
    /// Pixels of the kernel along each axis, odd.
    pub kernel: usize,
    /// Smallest and largest standard deviation, in pixels.
    pub sigma: [f64; 2],
    /// Probability.
    pub p: f64,
}

impl Default for GaussianBlur {
    fn default() -> Self {
        Self {
            kernel: 23,
            sigma: [0.1, 2.0],
            p: 0.5,
        }
    }
}

/// Separable blur: weights `exp(−d² / 2σ²)`, `|d| <= (kernel − 1) / 2`, normalised; edges reflected without repeating.
///
/// `kernel` is odd and `kernel / 2` smaller than each side; beyond that the blur is cut to what the sides allow.
pub fn gaussian_blur(view: &mut Planar, kernel: usize, sigma: f64, scratch: &mut Scratch) {
    let (height, width) = (view.height(), view.width());
    half_kernel(
        kernel / 2,
        sigma,
        height.min(width) - 1,
        &mut scratch.weights,
    );
    let weights = &scratch.weights[..];
    let radius = weights.len() - 1;
    let stride = width.next_multiple_of(BLOCK);
    let padded = room(&mut scratch.row, stride + 2 * radius);
    padded.fill(0.0);
    let rows = room(&mut scratch.plane, (height + 2 * radius) * stride);
    for channel in 0..view.channels() {
        for y in 0..height {
            reflect_row(view.row(channel, y), radius, padded);
            let row = &mut rows[(radius + y) * stride..][..stride];
            symmetric(row, padded, 1, weights);
        }
        for k in 1..=radius {
            let from = (radius + k) * stride;
            rows.copy_within(from..from + stride, (radius - k) * stride);
            let from = (radius + height - 1 - k) * stride;
            rows.copy_within(from..from + stride, (radius + height - 1 + k) * stride);
        }
        for y in 0..height {
            symmetric(view.row(channel, y), &rows[y * stride..], stride, weights);
        }
    }
}

/// Weights of the distances 0..=radius; those under 1e-8 of the centre's cannot change an f32 pixel and are left out.
fn half_kernel(radius: usize, sigma: f64, most: usize, weights: &mut Vec<f32>) {
    let reach = (sigma * (-2.0 * 1e-8_f64.ln()).sqrt()).ceil() as usize;
    let radius = radius.min(reach).min(most);
    let weight = |d: usize| (-0.5 * (d as f64 / sigma).powi(2)).exp();
    let total = 1.0 + 2.0 * (1..=radius).map(weight).sum::<f64>();
    weights.clear();
    weights.extend((0..=radius).map(|d| (weight(d) / total) as f32));
}

/// `row` with `radius` reflected pixels on either side.
fn reflect_row(row: &[f32], radius: usize, padded: &mut [f32]) {
    let width = row.len();
    padded[radius..radius + width].copy_from_slice(row);
    for k in 1..=radius {
        padded[radius - k] = row[k];
        padded[radius + width - 1 + k] = row[width - 1 - k];
    }
}

impl Augmentation for GaussianBlur {
    fn probability(&self) -> f64 {
        self.p
    }

    fn apply(&self, _: &Image, view: &mut Planar, rng: &mut Stream, scratch: &mut Scratch) {
        let sigma = uniform(rng, self.sigma);
        gaussian_blur(view, self.kernel, sigma, scratch);
    }

    fn validate(&self, key: &str, size: usize) -> Result<()> {
        check::probability(key, self.p)?;
        check::positive_range(&format!("{key}.sigma"), self.sigma)?;
        let problem = if self.kernel.is_multiple_of(2) {
            "is even, so that it has no centre; use an odd number of pixels".to_string()
        } else if self.kernel / 2 >= size {
            format!(
                "reaches past views of {size} pixels; use at most {}",
                2 * size - 1
            )
        } else {
            return Ok(());
        };
        Err(Error::key(
            &format!("{key}.kernel"),
            format!("{} {problem}", self.kernel),
        ))
    }
}
