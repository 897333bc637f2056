//! A metric in which a function is about as steep in every direction.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::cholesky::llt::solve::solve_in_place;
use faer::{MatMut, MatRef, Par, Spec};

use super::products::clear_vector_registers;

/// The Hessian of a function of a matrix (N, C), taken as one and the same (N, N) for each of its columns, as its Cholesky
/// factor.
pub(super) struct Curvature {
    /// Column-major; what is above the diagonal means nothing.
    factor: Vec<f64>,
    dim: usize,
}

impl Curvature {
    /// That of the symmetric `matrix` (N, N); `None` where it is not positive definite.
    pub(super) fn of(mut matrix: Vec<f64>, dim: usize) -> Option<Self> {
        let scratch = cholesky_in_place_scratch::<f64>(dim, Par::Seq, Spec::default());
        let done = cholesky_in_place(
            MatMut::from_column_major_slice_mut(&mut matrix, dim, dim),
            LltRegularization::default(),
            Par::Seq, // equal bits whatever the number of threads
            MemStack::new(&mut MemBuffer::new(scratch)),
            Spec::default(),
        );
        clear_vector_registers();
        let factor = matrix;
        done.is_ok().then_some(Self { factor, dim })
    }

    /// `x` (N, C), row-major, multiplied by the inverse.
    pub(super) fn solve(&self, x: &mut [f64]) {
        let columns = x.len() / self.dim;
        solve_in_place(
            MatRef::from_column_major_slice(&self.factor, self.dim, self.dim),
            MatMut::from_row_major_slice_mut(x, self.dim, columns),
            Par::Seq,
            MemStack::new(&mut []),
        );
        clear_vector_registers();
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
