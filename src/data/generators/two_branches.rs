use rand::RngExt;

use super::generator::{Generator, Sample};
use crate::random::{Stream, normal};

/// Both branches exist where |x| is at most this.
const OVERLAP: f64 = 0.5;

/// Two right y for one x: `u(x) = 0.2 + 0.6 √((1 + x)/2)` for x ≥ −0.5 and its mirror `−u(−x)` for x ≤ 0.5.
///
/// x uniform in [−1, 1]; where both branches exist a coin decides. They stay 0.94 or more apart, and what a
/// regression learns between them, their mean, is 0.47 or more away from both. Choose it to see several answers found.
pub(super) struct TwoBranches;

fn upper(x: f64) -> f64 {
    0.2 + 0.6 * f64::midpoint(1.0, x).max(0.0).sqrt()
}

fn branches(x: f64) -> Vec<f64> {
    let upper_one = (x >= -OVERLAP).then(|| upper(x));
    let lower_one = (x <= OVERLAP).then(|| -upper(-x));
    upper_one.into_iter().chain(lower_one).collect()
}

impl Generator for TwoBranches {
    fn about(&self) -> &'static str {
        "Two right answers: y = 0.2 + 0.6 sqrt((1 + x)/2) for x >= -0.5, and its mirror image for x <= 0.5"
    }

    fn x_names(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn y_names(&self) -> &'static [&'static str] {
        &["y"]
    }

    fn samples(&self) -> usize {
        400
    }

    fn noise(&self) -> f64 {
        0.02
    }

    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample {
        let x = rng.random_range(-1.0..1.0);
        let answers = branches(x);
        let y = answers[rng.random_range(0..answers.len())];
        Sample {
            x: vec![x],
            y: vec![y + noise * normal(rng)],
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
        branches(x[0]).into_iter().map(|y| vec![y]).collect()
    }
}
