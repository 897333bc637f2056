use std::f64::consts::TAU;

use rand::RngExt;

use super::generator::{Generator, Sample};
use crate::random::{Stream, normal};

/// Turns of each arm.
const TURNS: f64 = 1.5;

/// Three arms of a spiral: `r (cos, sin)(2π (1.5 r + c/3))` for class c, r uniform in [0.1, 1].
///
/// A draw decides between the classes; noise is 0.02 on both coordinates. Choose it for several classes whose
/// borders wind.
pub(super) struct Spirals;

impl Generator for Spirals {
    fn about(&self) -> &'static str {
        "Three classes: the arms of a spiral, 1.5 turns each"
    }

    fn x_names(&self) -> &'static [&'static str] {
        &["x1", "x2"]
    }

    fn y_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn classes(&self) -> &'static [&'static str] {
        &["first", "second", "third"]
    }

    fn samples(&self) -> usize {
        600
    }

    fn noise(&self) -> f64 {
        0.02
    }

    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample {
        let class = rng.random_range(0..3_u32);
        let radius = rng.random_range(0.1..1.0);
        let (sin, cos) = (TAU * (TURNS * radius + f64::from(class) / 3.0)).sin_cos();
        let exact = [radius * cos, radius * sin];
        Sample {
            x: exact.map(|x| x + noise * normal(rng)).to_vec(),
            y: Vec::new(),
            class: Some(class),
        }
    }

    fn x_range(&self) -> Vec<(f64, f64)> {
        vec![(-1.0, 1.0), (-1.0, 1.0)]
    }

    fn y_range(&self) -> Vec<(f64, f64)> {
        Vec::new()
    }
}
