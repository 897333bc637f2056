//! E(x, y): how badly an answer y fits x. Low energy = compatible, everywhere.

mod cosine;
mod cosine_table;
mod cross_entropy;
mod dot;
mod euclidean;
mod l1;
mod squared;

pub use cosine::Cosine;
pub use cross_entropy::CrossEntropy;
pub use dot::Dot;
pub use euclidean::Euclidean;
pub use l1::L1;
pub use squared::{Squared, SquaredConvention};

use candle_core::Tensor;

use crate::error::Result;

/// The energy of vectors: a similarity is turned into an energy here and nowhere else.
pub trait Energy: Send + Sync {
    /// E(x_n, y_nk) for x (N, D) and y (N, K, D): (N, K).
    ///
    /// # Errors
    /// A tensor operation failed, for example because the dimensions differ.
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor>;

    /// E(x_n, y_m) for x (N, D) and y (M, D): (N, M). Equal to `energy` with every y offered to every x.
    ///
    /// # Errors
    /// A tensor operation failed, for example because the dimensions differ.
    fn table(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        self.energy(x, &offered(x, y)?)
    }

    /// Lowest and highest value that the energy of vectors of `dim` numbers can take.
    fn range(&self, dim: usize) -> (f64, f64);

    /// E(x, 0) at its least over x, of vectors of `dim` numbers: what centred answers cost when all of them are equal;
    /// `None` where that says nothing, because equal vectors cost 0.
    fn at_center(&self, _dim: usize) -> Option<f64> {
        None
    }

    /// Whether it is a distance of x and y, or grows with one: 0 where they are equal, the higher the farther y is. What
    /// predicts the numbers of y needs one.
    fn is_distance(&self) -> bool {
        false
    }

    /// Refuse settings that make no energy.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

crate::family! {
    /// Energies by name.
    EnergyKind: Energy {
        "cosine" => Cosine(Cosine),
        "squared" => Squared(Squared),
        "euclidean" => Euclidean(Euclidean),
        "l1" => L1(L1),
        "dot" => Dot(Dot),
        "cross_entropy" => CrossEntropy(CrossEntropy),
    }
}

/// Every y (M, D) offered to every x (N, D): (N, M, D).
fn offered(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let (n, d) = x.dims2()?;
    let m = y.dim(0)?;
    Ok(y.unsqueeze(0)?.expand((n, m, d))?.contiguous()?)
}

/// The inner products x_n · y_nk of x (N, D) and y (N, K, D): (N, K).
fn inner(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    Ok(y.matmul(&x.unsqueeze(2)?)?.squeeze(2)?)
}

/// x / max(|x|, 1e-12) over the last dimension: `torch.nn.functional.normalize`.
///
/// # Errors
/// A tensor operation failed.
pub fn l2_normalize(x: &Tensor) -> Result<Tensor> {
    l2_normalize_with(x, 1e-12)
}

/// x / max(|x|, eps) over the last dimension, with a finite gradient at x = 0.
///
/// # Errors
/// A tensor operation failed.
pub fn l2_normalize_with(x: &Tensor, eps: f64) -> Result<Tensor> {
    // Clamping the square keeps the root's gradient finite: where |x| < eps the norm is a constant.
    let square = x.sqr()?.sum_keepdim(candle_core::D::Minus1)?;
    let norm = square.maximum(eps * eps)?.sqrt()?;
    Ok(x.broadcast_div(&norm)?)
}
