//! Updates by kernels that change parameter and state where they lie.

use candle_core::Tensor;

use super::State;
use crate::error::Result;
use crate::host;
use crate::kernels::Simd;
use crate::kernels::update::{self, Adam, Momentum};
use crate::params::{Param, Role};

/// Whether `param` and its gradient are 32-bit floats on the CPU; otherwise candle's operations do the update.
pub(super) fn possible(param: &Param, gradient: &Tensor) -> bool {
    host::is_plain(&param.var) && host::is_plain(gradient)
}

/// The decay of `param`: biases and norms have none.
pub(super) fn decay(param: &Param, weight_decay: f64) -> f32 {
    match param.role {
        Role::Weight => weight_decay as f32,
        _ => 0.0,
    }
}

/// See [`update::momentum`]; without momentum nothing is kept.
pub(super) fn momentum(
    param: &Param,
    gradient: &Tensor,
    rule: &Momentum,
    state: &mut State,
) -> Result<()> {
    let simd = Simd::detect();
    if rule.keep == 0.0 {
        return host::write_from(&param.var, gradient, |p, g| {
            update::momentum(simd, rule, p, g, None);
        });
    }
    let buffer = state.slot("momentum", param)?;
    host::write_from(&param.var, gradient, |p, g| {
        host::write(&buffer, |b| update::momentum(simd, rule, p, g, Some(b)))
    })?
}

/// See [`update::adam`].
pub(super) fn adam(param: &Param, gradient: &Tensor, rule: &Adam, state: &mut State) -> Result<()> {
    let (first, second) = (state.slot("first", param)?, state.slot("second", param)?);
    host::write_from(&param.var, gradient, |p, g| {
        host::write(&first, |m| {
            host::write(&second, |v| update::adam(Simd::detect(), rule, p, g, m, v))
        })?
    })?
}

/// The 2-norm of `x + factor · y`.
pub(super) fn norm_of_sum(x: &Tensor, y: &Tensor, factor: f64) -> Result<f64> {
    host::read(x, |x| {
        host::read(y, |y| {
            update::norm_of_sum(Simd::detect(), x, y, factor as f32)
        })
    })?
}
