//! Rows in the units that networks see.

/// Name of the column of ones that stands for no input at all.
pub const CONSTANT: &str = "constant";

/// Rows as networks see them: 32-bit floats, standardised where the configuration says so.
///
/// `x` is (rows, x_dim) and `y` is (rows, y_dim), both row by row; y_dim is 0 where the answer is a class. Without
/// input, x is one column of ones named [`CONSTANT`]. Units: those of [`super::Scales::x`] and [`super::Scales::y`], which
/// lead back to the source's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Inputs, row by row.
    pub x: Vec<f32>,
    /// Answers, row by row.
    pub y: Vec<f32>,
    /// Names of the columns of x.
    pub x_names: Vec<String>,
    /// Names of the columns of y; empty where the answer is a class.
    pub y_names: Vec<String>,
    /// Class of each row, an index into `classes`.
    pub labels: Option<Vec<u32>>,
    /// Class names; empty without labels.
    pub classes: Vec<String>,
}

impl Table {
    /// Numbers in a row of x; 1 or more.
    #[must_use]
    pub fn x_dim(&self) -> usize {
        self.x_names.len()
    }

    /// Numbers in a row of y; 0 where the answer is a class.
    #[must_use]
    pub fn y_dim(&self) -> usize {
        self.y_names.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.len() / self.x_dim().max(1)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// Whether x is the constant column that stands for no input at all.
    #[must_use]
    pub fn is_unconditional(&self) -> bool {
        self.x_names == [CONSTANT]
    }

    /// Input of row `index` (x_dim).
    ///
    /// # Panics
    /// There is no such row.
    #[must_use]
    pub fn x_row(&self, index: usize) -> &[f32] {
        &self.x[index * self.x_dim()..][..self.x_dim()]
    }

    /// Answer of row `index` (y_dim).
    ///
    /// # Panics
    /// There is no such row.
    #[must_use]
    pub fn y_row(&self, index: usize) -> &[f32] {
        &self.y[index * self.y_dim()..][..self.y_dim()]
    }

    /// Least and largest value of each column of x.
    #[must_use]
    pub fn x_range(&self) -> Vec<(f32, f32)> {
        range(&self.x, self.x_dim())
    }

    /// Least and largest value of each column of y: where grids and boxes of answers come from.
    #[must_use]
    pub fn y_range(&self) -> Vec<(f32, f32)> {
        range(&self.y, self.y_dim())
    }
}

/// Least and largest of each of `dim` columns.
pub(in crate::data) fn range(values: &[f32], dim: usize) -> Vec<(f32, f32)> {
    let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); dim];
    for row in values.chunks_exact(dim.max(1)) {
        for (bounds, &value) in range.iter_mut().zip(row) {
            *bounds = (bounds.0.min(value), bounds.1.max(value));
        }
    }
    range
}

/// A range with a tenth more on either side: where answers are looked for.
#[must_use]
pub fn widened((low, high): (f32, f32)) -> (f32, f32) {
    let more = 0.1 * (high - low).max(1e-3);
    (low - more, high + more)
}
