use std::f64::consts::PI;

use rand::RngExt;

use super::generator::{Generator, Sample};
use crate::random::{Stream, normal};

/// Two interleaved half circles: `(cos t, sin t)` and `(1 − cos t, ½ − sin t)`, t uniform in [0, π].
///
/// A coin decides between the classes; noise is 0.1 on both coordinates, as in scikit-learn's examples. Choose it for
/// the smallest problem of two classes that no line separates.
pub(super) struct TwoMoons;

impl Generator for TwoMoons {
    fn about(&self) -> &'static str {
        "Two classes: interleaved half circles of radius 1"
    }

    fn x_names(&self) -> &'static [&'static str] {
        &["x1", "x2"]
    }

    fn y_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn classes(&self) -> &'static [&'static str] {
        &["upper", "lower"]
    }

    fn samples(&self) -> usize {
        400
    }

    fn noise(&self) -> f64 {
        0.1
    }

    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample {
        let class = rng.random_range(0..2_u32);
        let (sin, cos) = rng.random_range(0.0..PI).sin_cos();
        let exact = if class == 0 {
            [cos, sin]
        } else {
            [1.0 - cos, 0.5 - sin]
        };
        Sample {
            x: exact.map(|x| x + noise * normal(rng)).to_vec(),
            y: Vec::new(),
            class: Some(class),
        }
    }

    fn x_range(&self) -> Vec<(f64, f64)> {
        vec![(-1.0, 2.0), (-0.5, 1.0)]
    }

    fn y_range(&self) -> Vec<(f64, f64)> {
        Vec::new()
    }
}
