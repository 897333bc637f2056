use candle_core::{DType, Tensor};

use crate::error::Result;
use crate::graph::Gradients;
use crate::host;
use crate::kernels::{Simd, update};

/// The 2-norm of all elements, accumulated in 64-bit floats.
///
/// # Errors
/// A tensor operation failed.
pub fn norm(x: &Tensor) -> Result<f64> {
    let x = x.contiguous()?;
    if host::is_plain(&x) {
        return host::read(&x, |x| update::norm(Simd::detect(), x));
    }
    let square = x.flatten_all()?.to_dtype(DType::F64)?.sqr()?.sum_all()?;
    Ok(square.to_scalar::<f64>()?.sqrt())
}

/// Scale all gradients together so that their common 2-norm is at most `limit`; returns the norm before.
///
/// # Errors
/// A tensor operation failed.
pub fn clip(gradients: &mut Gradients, limit: f64) -> Result<f64> {
    let mut square = 0.0;
    for gradient in gradients.of.values() {
        square += norm(gradient)?.powi(2);
    }
    let total = square.sqrt();
    if total > limit {
        for gradient in gradients.of.values_mut() {
            *gradient = (&*gradient * (limit / total))?;
        }
    }
    Ok(total)
}
