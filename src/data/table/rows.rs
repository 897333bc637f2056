//! Rows in the units of their source.

use std::collections::{BTreeSet, HashMap};

use super::scale::{ColumnScale, Scales};
use super::standardized::{CONSTANT, Table};
use crate::error::Result;

/// A table as its source holds it: 64-bit floats in the source's units, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRows {
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
    /// Sentences for the user: which columns were left out.
    pub notes: Vec<String>,
}

impl TableRows {
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
    pub(super) fn with_constant(mut self) -> Self {
        if self.x_names.is_empty() && !self.y_names.is_empty() {
            self.x = vec![1.0; self.y.len() / self.y_names.len()];
            self.x_names = vec![CONSTANT.into()];
        }
        self
    }

    /// Classes in order of number where all are numbers, else of name.
    pub(super) fn use_classes(&mut self, words: &[String]) -> Result<(), String> {
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
        let places: HashMap<&String, u32> = names.iter().copied().zip(0..).collect();
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
            notes: self.notes.clone(),
        }
    }

    /// What standardises these rows; the constant column of a table without input stays as it is.
    pub(super) fn scales(&self) -> Scales {
        let x = if self.x_names == [CONSTANT] {
            ColumnScale::identity(1)
        } else {
            ColumnScale::measure(&self.x, self.x_names.len())
        };
        Scales {
            x,
            y: ColumnScale::measure(&self.y, self.y_names.len()),
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
