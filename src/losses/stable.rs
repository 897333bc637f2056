//! Exponentials of numbers of any size.

use candle_core::{D, Tensor};

use crate::error::Result;

/// `log Σ_k exp(x_k)` over the last dimension, (N, K) -> (N, 1), for numbers of any size.
///
/// # Errors
/// A tensor operation failed.
pub fn log_sum_exp(x: &Tensor) -> Result<Tensor> {
    // The maximum only shifts: detached, it leaves the gradient exact and costs no backward pass.
    let highest = x.detach().max_keepdim(D::Minus1)?;
    let sum = x.broadcast_sub(&highest)?.exp()?.sum_keepdim(D::Minus1)?;
    Ok((sum.log()? + highest)?)
}

/// `log(1 + exp(x))` for numbers of any size.
pub(crate) fn softplus(x: &Tensor) -> Result<Tensor> {
    // max(0, x) + log(1 + exp(−|x|)); written with log_sum_exp(0, x), whose gradient is exact at 0 too.
    let pair = Tensor::stack(&[&x.zeros_like()?, x], x.rank())?;
    Ok(log_sum_exp(&pair)?.squeeze(D::Minus1)?)
}

/// `1 / (1 + exp(−x))` for numbers of any size.
pub(super) fn sigmoid(x: &Tensor) -> Result<Tensor> {
    // (1 + tanh(x/2)) / 2 overflows nowhere and has candle's own gradient.
    Ok((x * 0.5)?.tanh()?.affine(0.5, 0.5)?)
}
