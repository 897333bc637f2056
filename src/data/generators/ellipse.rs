use std::f64::consts::TAU;

use rand::RngExt;

use super::generator::{Generator, Sample};
use crate::random::{Stream, normal};

/// Half axes: the ellipse of the latent-variable lecture of Canziani and LeCun (NYU 2021), at half its size.
const AXES: [f64; 2] = [1.0, 0.75];

/// Points on the manifold by one hidden angle, `y = (cos θ, ¾ sin θ)`, θ uniform; no input.
///
/// Noise is 0.025 on both coordinates. Choose it for latent variables: the angle is never shown.
pub(super) struct Ellipse;

impl Generator for Ellipse {
    fn about(&self) -> &'static str {
        "A closed curve, no input: y = (cos t, 0.75 sin t), t hidden and uniform"
    }

    fn x_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn y_names(&self) -> &'static [&'static str] {
        &["y1", "y2"]
    }

    fn samples(&self) -> usize {
        200
    }

    fn noise(&self) -> f64 {
        0.025
    }

    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample {
        Sample {
            x: Vec::new(),
            y: around(AXES, rng, noise),
            class: None,
        }
    }

    fn x_range(&self) -> Vec<(f64, f64)> {
        Vec::new()
    }

    fn y_range(&self) -> Vec<(f64, f64)> {
        vec![(-1.5, 1.5), (-1.5, 1.5)]
    }

    fn distance(&self, _: &[f64], y: &[f64]) -> Option<f64> {
        Some(distance(AXES, y))
    }
}

/// A noisy point of the ellipse with these half axes, at a uniform angle.
pub(super) fn around(axes: [f64; 2], rng: &mut Stream, noise: f64) -> Vec<f64> {
    let angle = rng.random_range(0.0..TAU);
    let exact = [axes[0] * angle.cos(), axes[1] * angle.sin()];
    exact.map(|y| y + noise * normal(rng)).to_vec()
}

/// Euclidean distance from `y` to the ellipse: the best of 256 angles, refined by ternary search.
pub(super) fn distance(axes: [f64; 2], y: &[f64]) -> f64 {
    let at = |angle: f64| (axes[0] * angle.cos() - y[0]).hypot(axes[1] * angle.sin() - y[1]);
    let step = TAU / 256.0;
    let best = (0..256)
        .map(|i| f64::from(i) * step)
        .min_by(|a, b| at(*a).total_cmp(&at(*b)))
        .unwrap_or(0.0);
    let (mut low, mut high) = (best - step, best + step);
    for _ in 0..60 {
        let third = (high - low) / 3.0;
        if at(low + third) < at(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    at(f64::midpoint(low, high))
}
