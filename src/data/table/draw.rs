//! From a generator to rows.

use super::rows::TableRows;
use crate::data::generators::Generator;
use crate::random::{Purpose, stream};

/// `samples` rows of part number `part`, each a function of (`seed`, `part`, its number).
pub(super) fn draw(
    generator: &dyn Generator,
    samples: usize,
    noise: f64,
    seed: u64,
    part: u64,
) -> TableRows {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let mut rows = TableRows {
        x_names: owned(generator.x_names()),
        y_names: owned(generator.y_names()),
        classes: owned(generator.classes()),
        ..TableRows::default()
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
