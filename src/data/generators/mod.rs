//! Tables that are drawn, and whose right answers are known: one generator a file, one line in [`ALL`].

mod ellipse;
mod horn;
mod parabola;
mod spirals;
mod two_branches;
mod two_moons;

use super::table::Rows;
use crate::random::{Purpose, Stream, stream};
use crate::registry::Entry;

/// The generators by the name that `data.source` calls them.
pub const ALL: [(&str, &dyn Generator); 6] = [
    ("parabola", &parabola::Parabola),
    ("two_branches", &two_branches::TwoBranches),
    ("ellipse", &ellipse::Ellipse),
    ("horn", &horn::Horn),
    ("two_moons", &two_moons::TwoMoons),
    ("spirals", &spirals::Spirals),
];

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

/// The generator called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Generator> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, generator)| *generator)
}

/// Name, first sentence and default settings of every generator.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let entry = |&(name, generator): &(&'static str, &dyn Generator)| Entry {
        name,
        about: generator.about().into(),
        defaults: format!(
            "samples = {}\nnoise = {}\n",
            generator.samples(),
            generator.noise()
        ),
    };
    ALL.iter().map(entry).collect()
}

/// `samples` rows of part number `part`, each a function of (`seed`, `part`, its number).
pub(super) fn draw(
    generator: &dyn Generator,
    samples: usize,
    noise: f64,
    seed: u64,
    part: u64,
) -> Rows {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let mut rows = Rows {
        x_names: owned(generator.x_names()),
        y_names: owned(generator.y_names()),
        classes: owned(generator.classes()),
        ..Rows::default()
    };
    let mut labels = Vec::new();
    for number in 0..samples as u64 {
        let mut rng = stream(seed, Purpose::Generate, part, number, 0);
        let sample = generator.draw(&mut rng, noise);
        rows.x.extend(sample.x);
        rows.y.extend(sample.y);
        labels.extend(sample.class);
    }
    rows.labels = (!rows.classes.is_empty()).then_some(labels);
    rows.with_constant()
}
