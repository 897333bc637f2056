use rand::RngExt;

use super::generator::{Generator, Sample};
use crate::random::{Stream, normal};

/// `y = x²`, x uniform in [−1, 1]: the experiment of LeCun et al. 2006, section 3.
///
/// One right answer; 200 samples, no noise, answers looked for in [−1, 1] (the tutorial's grid). Choose it to see which
/// loss collapses on which architecture.
pub(super) struct Parabola;

impl Generator for Parabola {
    fn about(&self) -> &'static str {
        "One right answer: y = x², x uniform in [-1, 1]"
    }

    fn x_names(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn y_names(&self) -> &'static [&'static str] {
        &["y"]
    }

    fn samples(&self) -> usize {
        200
    }

    fn noise(&self) -> f64 {
        0.0
    }

    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample {
        let x = rng.random_range(-1.0..1.0);
        Sample {
            x: vec![x],
            y: vec![x * x + noise * normal(rng)],
            class: None,
        }
    }

    fn x_range(&self) -> Vec<(f64, f64)> {
        vec![(-1.0, 1.0)]
    }

    fn y_range(&self) -> Vec<(f64, f64)> {
        vec![(-1.0, 1.0)]
    }

    fn answers(&self, x: &[f64]) -> Vec<Vec<f64>> {
        vec![vec![x[0] * x[0]]]
    }
}
