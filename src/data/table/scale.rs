//! Standardisation by the training part, and back.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// `(v − mean) / std` of each column, with the numbers to undo it.
///
/// Statistics are those of the training part (population standard deviation), in the units of the source; a column
/// that never varies keeps std 1. Save them beside a model: [`ColumnScale::invert`] turns its answers into the user's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnScale {
    /// Subtracted from each column.
    pub mean: Vec<f64>,
    /// Divides each column; above 0.
    pub std: Vec<f64>,
}

/// The scales of inputs and answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// Of the columns of x.
    pub x: ColumnScale,
    /// Of the columns of y.
    pub y: ColumnScale,
}

impl Scales {
    /// Leave everything as it is.
    #[must_use]
    pub fn identity(x_dim: usize, y_dim: usize) -> Self {
        Self {
            x: ColumnScale::identity(x_dim),
            y: ColumnScale::identity(y_dim),
        }
    }
}

impl ColumnScale {
    /// Leave `dim` columns as they are.
    #[must_use]
    pub fn identity(dim: usize) -> Self {
        Self {
            mean: vec![0.0; dim],
            std: vec![1.0; dim],
        }
    }

    /// Mean and standard deviation of each of `dim` columns, in two passes.
    pub(in crate::data) fn measure(values: &[f64], dim: usize) -> Self {
        let rows = (values.len() / dim.max(1)).max(1) as f64;
        let average = |column: usize, of: &dyn Fn(f64) -> f64| {
            let column = values.iter().skip(column).step_by(dim);
            column.map(|&v| of(v)).sum::<f64>() / rows
        };
        let mean: Vec<f64> = (0..dim).map(|c| average(c, &|v| v)).collect();
        let std = mean.iter().enumerate().map(|(column, mean)| {
            let std = average(column, &|v| (v - mean).powi(2)).sqrt();
            // Below rounding of the mean, the column is one value written over and over.
            if std > 1e-12 * mean.abs() && std > 0.0 {
                std
            } else {
                1.0
            }
        });
        Self {
            std: std.collect(),
            mean,
        }
    }

    /// Values in the source's units to what a network sees; `names` are their columns.
    ///
    /// # Errors
    /// Another number of columns.
    pub fn apply(&self, values: &[f64], names: &[String]) -> Result<Vec<f32>> {
        if names.len() != self.mean.len() {
            return Err(Error::Usage(format!(
                "{} columns ({}) where the model knows {}; give those that it was trained on",
                names.len(),
                names.join(", "),
                self.mean.len()
            )));
        }
        Ok(self.standardized(values))
    }

    /// `(v − mean) / std`, row by row.
    pub(in crate::data) fn standardized(&self, values: &[f64]) -> Vec<f32> {
        let columns = self.mean.iter().zip(&self.std).cycle();
        let scaled = values.iter().zip(columns);
        scaled
            .map(|(v, (mean, std))| ((v - mean) / std) as f32)
            .collect()
    }

    /// What a network says to values in the source's units: `v · std + mean`, row by row.
    #[must_use]
    pub fn invert(&self, values: &[f32]) -> Vec<f64> {
        let columns = self.mean.iter().zip(&self.std).cycle();
        let scaled = values.iter().zip(columns);
        scaled
            .map(|(&v, (mean, std))| f64::from(v) * std + mean)
            .collect()
    }
}
