//! A matrix of embeddings with the ids and labels of its rows.

use rayon::prelude::*;

use crate::data::Part;
use crate::error::{Error, Result};

/// N embeddings of D numbers, with what is known of each row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// D, numbers a row.
    pub dim: usize,
    /// (N, D), row-major.
    pub values: Vec<f32>,
    /// (N,), class of each row, `None` where it is unknown; empty where none is known.
    pub labels: Vec<Option<u32>>,
    /// (N,), what a person finds each row by; may be empty where nobody asks.
    pub ids: Vec<String>,
    /// (N,), index of each row in the data set that it is of; may be empty where nobody asks.
    pub samples: Vec<usize>,
    /// (N,), part of the data that each row is of; empty where unknown.
    pub parts: Vec<Part>,
    /// (N,), the further columns of each row; empty where there are none.
    pub cells: Vec<Vec<Option<String>>>,
}

impl Features {
    /// N, the number of embeddings.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// Embedding `i`, (D,).
    ///
    /// # Panics
    /// When `i` is not below [`Features::rows`].
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.dim..(i + 1) * self.dim]
    }

    /// The rows at `indices`, in that order.
    ///
    /// # Panics
    /// When an index is not below [`Features::rows`].
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut values = Vec::with_capacity(indices.len() * self.dim);
        for &i in indices {
            values.extend_from_slice(self.row(i));
        }
        Self {
            dim: self.dim,
            values,
            labels: pick(&self.labels, indices),
            ids: pick(&self.ids, indices),
            samples: pick(&self.samples, indices),
            parts: pick(&self.parts, indices),
            cells: pick(&self.cells, indices),
        }
    }

    /// Class of row `i`; `None` where it is unknown.
    #[must_use]
    pub fn label(&self, i: usize) -> Option<u32> {
        self.labels.get(i).copied().flatten()
    }

    /// The labels, (N,), where every row has one.
    ///
    /// # Errors
    /// [`Error::Usage`] in unlabelled data, or saying how many rows have no label.
    pub fn known_labels(&self) -> Result<Vec<u32>> {
        let rows = self.rows();
        let known: Vec<u32> = (0..rows).filter_map(|i| self.label(i)).collect();
        if known.len() == rows {
            return Ok(known);
        }
        Err(Error::Usage(if known.is_empty() {
            "this data has no labels, and a probe needs them; give labelled data \
             (a folder per class, or a label column)"
                .into()
        } else {
            format!(
                "{} of {rows} rows have no label, and a probe needs one of each; leave these rows out, or label them",
                rows - known.len()
            )
        }))
    }

    /// One more than the largest label; 0 without labels.
    #[must_use]
    pub fn classes(&self) -> usize {
        let known = self.labels.iter().flatten();
        known.max().map_or(0, |&m| m as usize + 1)
    }

    /// The place of the first value that is not finite.
    fn first_not_finite(&self) -> Option<usize> {
        const PART: usize = 1 << 14;
        let finite = |part: &[f32]| part.iter().fold(true, |all, v| all & v.is_finite());
        let parts = self.values.par_chunks(PART).enumerate();
        let (part, values) = parts.find_first(|(_, part)| !finite(part))?;
        let at = values.iter().position(|v| !v.is_finite())?;
        Some(part * PART + at)
    }

    /// Refuse a matrix whose parts disagree in length or that holds NaN or infinity.
    ///
    /// # Errors
    /// [`Error::Failed`] naming what disagrees, or the first row that is not finite.
    pub fn check(&self) -> Result<()> {
        let rows = self.rows();
        let labels = if self.labels.is_empty() {
            rows
        } else {
            self.labels.len()
        };
        if self.dim == 0 || rows * self.dim != self.values.len() || labels != rows {
            return Err(Error::Failed(format!(
                "{} values and {labels} labels do not make {rows} embeddings of {} numbers",
                self.values.len(),
                self.dim
            )));
        }
        if !self.ids.is_empty() && self.ids.len() != rows {
            let ids = self.ids.len();
            return Err(Error::Failed(format!("{ids} ids for {rows} embeddings")));
        }
        for (what, count) in [
            ("places", self.samples.len()),
            ("parts", self.parts.len()),
            ("rows of further columns", self.cells.len()),
        ] {
            if count != 0 && count != rows {
                return Err(Error::Failed(format!(
                    "{count} {what} for {rows} embeddings"
                )));
            }
        }
        match self.first_not_finite() {
            Some(at) => {
                let i = at / self.dim;
                let id = self.ids.get(i).map_or("", String::as_str);
                Err(Error::Failed(format!(
                    "the embedding of row {i} {id} holds {}: the encoder diverged, or the input is broken",
                    self.values[at]
                )))
            }
            None => Ok(()),
        }
    }
}

/// Those of `of` at `indices`; nothing of nothing.
fn pick<T: Clone>(of: &[T], indices: &[usize]) -> Vec<T> {
    let known = indices.iter().filter(|_| !of.is_empty());
    known.map(|&i| of[i].clone()).collect()
}

/// Check two sets that are compared row by row: both usable, of equal width, `bank` not empty.
pub(super) fn check_pair(bank: &Features, queries: &Features) -> Result<()> {
    bank.check()?;
    queries.check()?;
    if bank.dim != queries.dim {
        return Err(Error::Failed(format!(
            "embeddings of {} numbers cannot be compared with embeddings of {}",
            bank.dim, queries.dim
        )));
    }
    if bank.rows() == 0 {
        return Err(Error::Usage(
            "there is no embedding to learn from; is the training part empty?".into(),
        ));
    }
    Ok(())
}

/// Share of `predictions` that equal `labels`; 0 when there is none.
///
/// ```
/// assert_eq!(ravine::eval::features::accuracy(&[0, 1, 1, 2], &[0, 1, 2, 2]), 0.75);
/// ```
#[must_use]
pub fn accuracy(predictions: &[u32], labels: &[u32]) -> f64 {
    let hits = predictions.iter().zip(labels).filter(|(p, l)| p == l);
    hits.count() as f64 / labels.len().max(1) as f64
}

/// Index of the largest value; the first of equals.
pub(crate) fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best
}
