//! Rows in the units of their source.

use std::collections::BTreeSet;
use std::path::Path;

use super::choose::{Layout, Places};
use super::columns::{self, Columns, unusable};
use super::{Scales, Table};
use crate::error::Result;

/// Name of the column of ones that stands for no input at all.
pub const CONSTANT: &str = "constant";

/// A table as its source holds it: 64-bit floats in the source's units, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Inputs (rows × x_names).
    pub x: Vec<f64>,
    /// Answers (rows × y_names).
    pub y: Vec<f64>,
    /// Names of the columns of x.
    pub x_names: Vec<String>,
    /// Names of the columns of y.
    pub y_names: Vec<String>,
    /// Class of each row.
    pub labels: Option<Vec<u32>>,
    /// Class names.
    pub classes: Vec<String>,
}

/// Read the columns of `layout` from a .csv, .tsv, .parquet or .npy file, unsplit and unscaled.
///
/// Choose it for rows that a trained model is asked about; y may then be absent. For training, use [`super::open`].
///
/// # Errors
/// A file that is missing or truncated (exit code 1); a missing column, a cell that is no finite number, a table
/// without rows, or a column that is a class in every row (exit code 2), each with path, row and column.
pub fn read(path: &Path, layout: &Layout) -> Result<Rows> {
    let file = columns::open(path)?;
    let places = layout.places(file.names(), path)?;
    if places.x.is_empty() && places.y.is_empty() {
        return Err(unusable(
            path,
            "there is no column of numbers to learn from or to predict; name some in `data.x` or `data.y`",
        ));
    }
    let mut rows = numbers(file.as_ref(), &places)?;
    if let Some(place) = places.label {
        let words = file.words(place)?;
        rows.use_classes(&words).map_err(|problem| {
            unusable(path, format!("column `{}` {problem}", file.names()[place]))
        })?;
    }
    if rows.is_empty() {
        return Err(unusable(
            path,
            "holds no row of data; add some below the names",
        ));
    }
    Ok(rows)
}

/// One pass over the file for x and y.
fn numbers(file: &dyn Columns, places: &Places) -> Result<Rows> {
    let wanted: Vec<usize> = places.x.iter().chain(&places.y).copied().collect();
    let name = |&place: &usize| file.names()[place].clone();
    let mut rows = Rows {
        x_names: places.x.iter().map(name).collect(),
        y_names: places.y.iter().map(name).collect(),
        ..Rows::default()
    };
    for row in file.numbers(&wanted)?.chunks_exact(wanted.len()) {
        let (x, y) = row.split_at(places.x.len());
        rows.x.extend(x);
        rows.y.extend(y);
    }
    Ok(rows.with_constant())
}

impl Rows {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.len() / self.x_names.len().max(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// A column of ones where there is no input, one a row of y.
    pub(in crate::data) fn with_constant(mut self) -> Self {
        if self.x_names.is_empty() && !self.y_names.is_empty() {
            self.x = vec![1.0; self.y.len() / self.y_names.len()];
            self.x_names = vec![CONSTANT.into()];
        }
        self
    }

    /// Classes in order of number where all are numbers, else of name.
    fn use_classes(&mut self, words: &[String]) -> Result<(), String> {
        let names: BTreeSet<&String> = words.iter().collect();
        if names.len() == words.len() && words.len() > 2 {
            return Err(format!(
                "has another value in each of its {} rows, so it is no class; name it in `data.y` to predict numbers",
                words.len()
            ));
        }
        let mut names: Vec<&String> = names.into_iter().collect();
        let number = |name: &&String| name.parse::<f64>().ok();
        if names.iter().all(|name| number(name).is_some()) {
            names.sort_by(|a, b| {
                number(a)
                    .partial_cmp(&number(b))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        let places: std::collections::HashMap<&String, u32> =
            names.iter().copied().zip(0..).collect();
        self.labels = Some(words.iter().map(|word| places[word]).collect());
        self.classes = names.into_iter().cloned().collect();
        Ok(())
    }

    /// The rows at `indices`, in this order.
    pub(super) fn select(&self, indices: &[u32]) -> Self {
        let pick = |values: &[f64], dim: usize| {
            let rows = indices.iter();
            rows.flat_map(|&i| values[i as usize * dim..][..dim].iter().copied())
                .collect()
        };
        let labels = self.labels.as_ref();
        Self {
            x: pick(&self.x, self.x_names.len()),
            y: pick(&self.y, self.y_names.len()),
            labels: labels.map(|labels| indices.iter().map(|&i| labels[i as usize]).collect()),
            x_names: self.x_names.clone(),
            y_names: self.y_names.clone(),
            classes: self.classes.clone(),
        }
    }

    /// The rows as a network sees them.
    ///
    /// # Errors
    /// The columns are not as many as those of the scales.
    pub fn table(&self, scales: &Scales) -> Result<Table> {
        Ok(Table {
            x: scales.x.apply(&self.x, &self.x_names)?,
            y: scales.y.apply(&self.y, &self.y_names)?,
            x_names: self.x_names.clone(),
            y_names: self.y_names.clone(),
            labels: self.labels.clone(),
            classes: self.classes.clone(),
        })
    }
}
