use rand::RngExt;

use super::ellipse;
use super::generator::{Generator, Sample};
use crate::random::Stream;

/// An ellipse that grows and turns with x: `y = e^{2x} ((1 − x/4) cos θ, (3 + x)/4 sin θ)`.
///
/// x uniform in [0, 1], θ hidden and uniform, noise 0.025 on both coordinates: the horn of the latent-variable
/// lecture of Canziani and LeCun (NYU 2021), at half its size. Choose it for latent variables under an input.
pub(super) struct Horn;

/// Half axes at `x`.
fn axes(x: f64) -> [f64; 2] {
    let grown = (2.0 * x).exp();
    [(1.0 - 0.25 * x) * grown, (0.75 + 0.25 * x) * grown]
}

impl Generator for Horn {
    fn about(&self) -> &'static str {
        "An ellipse that grows with x: y = exp(2x) ((1 - x/4) cos t, (3 + x)/4 sin t), x in [0, 1], t hidden"
    }

    fn x_names(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn y_names(&self) -> &'static [&'static str] {
        &["y1", "y2"]
    }

    fn samples(&self) -> usize {
        1000
    }

    fn noise(&self) -> f64 {
        0.025
    }

    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample {
        let x = rng.random_range(0.0..1.0);
        Sample {
            x: vec![x],
            y: ellipse::around(axes(x), rng, noise),
            class: None,
        }
    }

    fn x_range(&self) -> Vec<(f64, f64)> {
        vec![(0.0, 1.0)]
    }

    fn y_range(&self) -> Vec<(f64, f64)> {
        vec![(-8.0, 8.0), (-8.0, 8.0)]
    }

    fn distance(&self, x: &[f64], y: &[f64]) -> Option<f64> {
        Some(ellipse::distance(axes(x[0]), y))
    }
}
