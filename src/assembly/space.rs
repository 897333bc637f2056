//! What answers are: classes, or vectors in a box.

use crate::config::Config;
use crate::data::table::{Scale, Table, Tables};
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
        let ranges = tables.train.y_range().into_iter();
        let wider = ranges.map(|(low, high)| {
            let more = 0.1 * (high - low).max(1e-3);
            (low - more, high + more)
        });
        wider.collect()
    };
    Ok(Bounds::of(&ranges))
}

/// Classes whose names are numbers, as answers of heads that give vectors: a digit, an age, a rating.
///
/// Standardised by the training part, as the columns of a table are.
pub struct Numbers {
    /// Of each class, as the network sees it.
    values: Vec<f32>,
    /// Mean and deviation of the numbers over the training part.
    pub scale: Scale,
}

impl Numbers {
    /// The numbers that name `classes`; `None` where one is no number.
    #[must_use]
    pub fn of(classes: &[String], train: &[u32]) -> Option<Self> {
        let number = |name: &String| name.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        let numbers: Vec<f64> = classes.iter().map(number).collect::<Option<_>>()?;
        let rows = train.len().max(1) as f64;
        let average = |of: &dyn Fn(f64) -> f64| {
            let rows_of = train.iter().map(|&label| of(numbers[label as usize]));
            rows_of.sum::<f64>() / rows
        };
        let mean = average(&|v| v);
        let std = average(&|v| (v - mean).powi(2)).sqrt();
        let std = if std > 0.0 { std } else { 1.0 };
        Some(Self {
            values: numbers.iter().map(|v| ((v - mean) / std) as f32).collect(),
            scale: Scale {
                mean: vec![mean],
                std: vec![std],
            },
        })
    }

    /// The answers (N) to questions with these labels.
    #[must_use]
    pub fn answers(&self, labels: &[u32]) -> Vec<f32> {
        labels
            .iter()
            .map(|&label| self.values[label as usize])
            .collect()
    }

    /// The box of answers: all classes and a tenth more.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let low = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = self
            .values
            .iter()
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        let more = 0.1 * (high - low).max(1e-3);
        Bounds::of(&[(low - more, high + more)])
    }
}
