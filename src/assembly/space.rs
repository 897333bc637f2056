//! What answers are: classes, or vectors in a box.

use crate::config::Config;
use crate::data::table::{Table, Tables, widened};
use crate::error::Result;
use crate::heads::Space;
use crate::inference::Bounds;

/// What the answers of a table are.
#[must_use]
pub fn answer_space(table: &Table) -> Space {
    match table.y_dim() {
        0 => Space::Classes(table.classes.len()),
        dim => Space::Vectors(dim),
    }
}

/// The box of answers: configured, the generator's, or that of the training answers and a tenth more.
pub(super) fn bounds(config: &Config, tables: &Tables, space: Space) -> Result<Bounds> {
    let Space::Vectors(dim) = space else {
        return Ok(Bounds::default());
    };
    if let Some(bounds) = &config.answers {
        bounds.validate(dim)?;
        return Ok(bounds.clone());
    }
    let ranges: Vec<(f32, f32)> = if let Some(generator) = tables.generator {
        let scale = tables.scales.y.mean.iter().zip(&tables.scales.y.std);
        let ranges = generator.y_range();
        let scaled = ranges.iter().zip(scale).map(|((low, high), (mean, std))| {
            (((low - mean) / std) as f32, ((high - mean) / std) as f32)
        });
        scaled.collect()
    } else {
        tables.train.y_range().into_iter().map(widened).collect()
    };
    Ok(Bounds::of(&ranges))
}
