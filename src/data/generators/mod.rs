//! Tables that are drawn, and whose right answers are known: one generator a file, one line in [`ALL`].

mod ellipse;
mod generator;
mod horn;
mod parabola;
mod spirals;
mod two_branches;
mod two_moons;

pub use generator::{Generator, Sample};

use crate::registry::Entry;

/// The generators by the name that `data.source` calls them.
pub const ALL: &[(&str, &dyn Generator)] = &[
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
