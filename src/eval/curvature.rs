//! A metric in which a function is about as steep in every direction.

use nalgebra::linalg::Cholesky;
use nalgebra::{DMatrix, Dyn};

/// The Hessian of a function of a matrix (N, C), taken as one and the same (N, N) for each of its columns, as its Cholesky
/// factor.
pub(super) struct Curvature {
    factor: Cholesky<f64, Dyn>,
    dim: usize,
}

impl Curvature {
    /// That of the symmetric `matrix` (N, N); `None` where it is not positive definite.
    pub(super) fn of(matrix: Vec<f64>, dim: usize) -> Option<Self> {
        let factor = Cholesky::new(DMatrix::from_vec(dim, dim, matrix))?;
        Some(Self { factor, dim })
    }

    /// `x` (N, C), row-major, multiplied by the inverse.
    pub(super) fn solve(&self, x: &mut [f64]) {
        let columns = x.len() / self.dim;
        let mut solved = DMatrix::from_row_slice(self.dim, columns, x);
        self.factor.solve_mut(&mut solved);
        x.copy_from_slice(solved.transpose().as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solving_undoes_the_product_and_an_indefinite_matrix_is_none() {
        let matrix = vec![4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0];
        let x = [1.0, -2.0, 0.5, 3.0, -1.0, 0.25]; // (3, 2)
        let mut product: Vec<f64> = (0..6)
            .map(|at| {
                (0..3)
                    .map(|k| matrix[at / 2 * 3 + k] * x[k * 2 + at % 2])
                    .sum()
            })
            .collect();
        Curvature::of(matrix, 3).unwrap().solve(&mut product);
        for (found, wanted) in product.iter().zip(x) {
            assert!((found - wanted).abs() < 1e-12);
        }
        assert!(Curvature::of(vec![1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
