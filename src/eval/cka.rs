//! How alike two embeddings of the same things are.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use rayon::prelude::*;

use crate::error::{Error, Result};

/// Columns of a product that a task computes.
const STRIP: usize = 64;

/// Linear centered kernel alignment, in [0, 1]: `‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖)`, Frobenius norms, columns at mean 0.
///
/// 1 where one embedding is a rotated, scaled and moved copy of the other, about 0 where they have nothing in common; the
/// lengths of embeddings may differ. Source: Kornblith, Norouzi, Lee, Hinton, *Similarity of Neural Network
/// Representations Revisited*, 2019. With fewer rows than some ten times the numbers of an embedding the value lies too
/// high. Rows come in blocks; all sums are of 64 bits, memory is that of three products of columns.
///
/// ```
/// use ravine::eval::LinearCka;
/// let mut cka = LinearCka::new(2, 2);
/// let rows = [1.0, 0.0, 0.0, 1.0, -1.0, 0.5];
/// cka.add(&rows, &rows)?;
/// assert!((cka.value()? - 1.0).abs() < 1e-12);
/// # Ok::<(), ravine::error::Error>(())
/// ```
pub struct LinearCka {
    rows: usize,
    x: Columns,
    y: Columns,
    /// XᵀX (D, D), YᵀY (E, E) and XᵀY (D, E), of the shifted columns.
    products: [DMatrix<f64>; 3],
}

/// What is known of the columns of one embedding.
struct Columns {
    dim: usize,
    /// About the mean of each, so that little is lost when the mean is taken off.
    shift: Vec<f64>,
    /// Sums of the shifted columns.
    sums: Vec<f64>,
}

impl LinearCka {
    /// Of embeddings of `x` and of `y` numbers.
    #[must_use]
    pub fn new(x: usize, y: usize) -> Self {
        let columns = |dim| Columns {
            dim,
            shift: Vec::new(),
            sums: vec![0.0; dim],
        };
        Self {
            rows: 0,
            x: columns(x),
            y: columns(y),
            products: [(x, x), (y, y), (x, y)].map(|(a, b)| DMatrix::zeros(a, b)),
        }
    }

    /// Take in a block of rows: the same things in `x` (N, D) and `y` (N, E).
    ///
    /// # Errors
    /// [`Error::Usage`] where they are not the same number of whole rows.
    pub fn add(&mut self, x: &[f32], y: &[f32]) -> Result<()> {
        let rows = x.len() / self.x.dim.max(1);
        if x.len() != rows * self.x.dim || y.len() != rows * self.y.dim {
            return Err(Error::Usage(format!(
                "{} numbers in rows of {} and {} in rows of {} are not the same rows",
                x.len(),
                self.x.dim,
                y.len(),
                self.y.dim
            )));
        }
        let (x, y) = (self.x.take(x), self.y.take(y)); // (D, N), (E, N)
        let (xs, ys) = (x.transpose(), y.transpose());
        let [xx, yy, xy] = &mut self.products;
        gather(xx, &x, &xs);
        gather(yy, &y, &ys);
        gather(xy, &x, &ys);
        self.rows += rows;
        Ok(())
    }

    /// The alignment of all rows that were taken in.
    ///
    /// # Errors
    /// [`Error::Usage`] with fewer than two rows, or where all rows of one embedding are equal.
    pub fn value(&self) -> Result<f64> {
        let n = self.rows as f64;
        let norm = |product: &DMatrix<f64>, a: &Columns, b: &Columns| {
            let columns = product.column_iter().zip(&b.sums);
            let squares = columns.map(|(column, sum)| {
                let centered = column.iter().zip(&a.sums).map(|(v, own)| v - own * sum / n);
                centered.map(|v| v * v).sum::<f64>()
            });
            squares.sum::<f64>()
        };
        let [xx, yy, xy] = &self.products;
        let (x, y) = (&self.x, &self.y);
        let (own, other) = (norm(xx, x, x).sqrt(), norm(yy, y, y).sqrt());
        if self.rows < 2 || !(own > 0.0 && other > 0.0) {
            return Err(Error::Usage(
                "embeddings that do not differ from row to row are like nothing; compare at least two different rows"
                    .into(),
            ));
        }
        Ok(norm(xy, x, y) / (own * other))
    }
}

impl Columns {
    /// A block of rows in 64 bits, shifted, (D, N).
    fn take(&mut self, rows: &[f32]) -> DMatrix<f64> {
        let (dim, count) = (self.dim, rows.len() / self.dim.max(1));
        if self.shift.is_empty() {
            let mut means = vec![0.0; dim];
            for row in rows.chunks_exact(dim.max(1)) {
                means
                    .iter_mut()
                    .zip(row)
                    .for_each(|(m, v)| *m += f64::from(*v) / count as f64);
            }
            self.shift = means;
        }
        let shift = self.shift.iter().cycle();
        let values = rows
            .iter()
            .zip(shift)
            .map(|(v, shift)| f64::from(*v) - shift);
        let block = DMatrix::from_iterator(dim, count, values);
        for row in block.column_iter() {
            self.sums
                .iter_mut()
                .zip(row.iter())
                .for_each(|(sum, v)| *sum += v);
        }
        block
    }
}

/// `sums += a · b`, strip by strip of columns: the same to the bit whatever the number of threads.
fn gather(sums: &mut DMatrix<f64>, a: &DMatrix<f64>, b: &DMatrix<f64>) {
    let height = sums.nrows();
    let strips = sums.as_mut_slice().par_chunks_mut(STRIP * height.max(1));
    strips.enumerate().for_each(|(strip, values)| {
        let (first, count) = (strip * STRIP, values.len() / height);
        let columns: DMatrixView<f64> = b.columns(first, count);
        DMatrixViewMut::from_slice(values, height, count).gemm(1.0, a, &columns, 1.0);
    });
}
