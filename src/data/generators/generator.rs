//! What a generator knows about its rows.

use crate::random::Stream;

/// One row as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The input; empty where there is none.
    pub x: Vec<f64>,
    /// The answer; empty where it is a class.
    pub y: Vec<f64>,
    /// The class, an index into [`Generator::classes`].
    pub class: Option<u32>,
}

/// A distribution of rows that knows its right answers.
pub trait Generator: Sync {
    /// What it draws, in one sentence with its formula.
    fn about(&self) -> &'static str;

    /// Names of the inputs; empty where there is none.
    fn x_names(&self) -> &'static [&'static str];

    /// Names of the answers; empty where the answer is a class.
    fn y_names(&self) -> &'static [&'static str];

    /// Class names; empty without classes.
    fn classes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Rows in each part when `data.samples` is left out.
    fn samples(&self) -> usize;

    /// Standard deviation of the noise when `data.noise` is left out, in units of y (of x where there are classes).
    fn noise(&self) -> f64;

    /// Draw one row.
    fn draw(&self, rng: &mut Stream, noise: f64) -> Sample;

    /// Where inputs lie but for noise: least and largest value of each column of x.
    fn x_range(&self) -> Vec<(f64, f64)>;

    /// The box in which answers are looked for: it holds every right answer with some room.
    fn y_range(&self) -> Vec<(f64, f64)>;

    /// Every right answer for `x` without noise; empty where they are a class or a whole manifold.
    fn answers(&self, _x: &[f64]) -> Vec<Vec<f64>> {
        Vec::new()
    }

    /// Euclidean distance from `y` to the nearest right answer for `x`; `None` where answers are classes.
    fn distance(&self, x: &[f64], y: &[f64]) -> Option<f64> {
        let answers = self.answers(x);
        let distances = answers.iter().map(|right| {
            let squares = right.iter().zip(y).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>().sqrt()
        });
        distances.min_by(f64::total_cmp)
    }
}
