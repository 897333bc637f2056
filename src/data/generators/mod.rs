//! Tables that are drawn, and whose right answers are known: one generator a file, one line in [`ALL`].

mod ellipse;
mod generator;
mod horn;
mod parabola;
mod spirals;
mod two_branches;
mod two_moons;

pub use generator::{Generator, Sample};

use super::table::Rows;
use crate::random::{Purpose, stream};
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
