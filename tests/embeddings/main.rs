//! Tables of embeddings: read from every format, and what is asked of them.

mod alike;
mod asked;
#[path = "../common/mod.rs"]
mod common;
mod opened;
mod parts;
mod pictures;
mod projection;
mod query;
mod tour;
mod whitened;

use std::path::Path;

use ravine::data::Part;
use ravine::eval::{Features, writers};

/// Rows around directions: row i lies `spread` away from axis i mod `classes`, of which it has the label.
pub(crate) fn clouds(rows: usize, dim: usize, classes: usize, spread: f32) -> Features {
    let noise =
        common::randn(&[rows, dim], 7).and_then(|t| Ok(t.flatten_all()?.to_vec1::<f32>()?));
    let mut values = noise.expect("draws");
    for (i, row) in values.chunks_exact_mut(dim).enumerate() {
        for v in row.iter_mut() {
            *v *= spread;
        }
        row[i % classes] += 1.0;
    }
    Features {
        dim,
        values,
        labels: (0..rows).map(|i| Some((i % classes) as u32)).collect(),
        ids: (0..rows).map(|i| format!("pictures/{i}.png")).collect(),
        parts: (0..rows)
            .map(|i| if i % 5 == 4 { Part::Test } else { Part::Train })
            .collect(),
        ..Features::default()
    }
}

pub(crate) fn write(path: &Path, rows: &Features) {
    let classes: Vec<String> = (0..rows.classes()).map(|c| format!("class{c}")).collect();
    let mut writer = writers::open(path, rows.dim, &classes, &[]).expect("a writer");
    writer.append(rows).expect("rows");
    writer.finish().expect("a file");
}
