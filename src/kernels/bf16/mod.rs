//! Convolutions in bfloat16: operands rounded to 16 bits, products summed in 32.
//!
//! A convolution is a sum over taps of matrix products. Images are laid out flat with a border of zeros that
//! neighbouring rows share, so that a tap is a constant distance: sixteen neighbouring positions are sixteen rows
//! of a matrix, wherever they lie. Results at positions of the border are computed and left out.
//!
//! Activations and parameters stay 32-bit floats; rounding happens while operands are packed. Of 32-bit floats'
//! 24 significant bits 8 remain: gradients lose digits, not range.

mod block;
#[cfg(target_arch = "x86_64")]
mod block_x86;
mod dot;
mod flat;
mod operands;
mod pack;
mod sweep;
#[cfg(test)]
mod tests;
mod weight_gradient;

pub use dot::{Bf16, Bf16Dot};

use super::conv_shape::{Algorithm, ConvShape};

impl Bf16 {
    /// Whether a convolution is worth taking: channels fill the units, and Winograd's 32-bit products, a quarter as
    /// many, are not faster, as they are where no AMX is.
    #[must_use]
    pub fn pays(self, s: &ConvShape) -> bool {
        takes(s) && !(self.dot() == Bf16Dot::Avx512 && s.algorithm() == Algorithm::Winograd)
    }
}

/// Whether a convolution is taken: one group, and channels that fill at least half of the matrix units' rows.
fn takes(s: &ConvShape) -> bool {
    s.groups == 1 && s.input >= 16 && s.output >= 16
}

/// Floats of workspace that [`forward`], [`backward_data`] and [`backward_weight`] need.
#[must_use]
pub fn workspace(s: &ConvShape) -> usize {
    sweep::workspace(s).max(weight_gradient::workspace(s))
}

/// `y = conv(x, weight)`; x, y are NHWC, weight is (out, in, kernel, kernel).
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn forward(
    bf16: Bf16,
    s: &ConvShape,
    x: &[f32],
    weight: &[f32],
    y: &mut [f32],
    workspace: &mut [f32],
) {
    check(s, x, weight, y);
    let pass = flat::Pass::forward(s);
    sweep::run(bf16, &pass, (x, weight), (y, false), workspace);
}

/// Gradient by the input: `dx = convᵀ(dy, weight)`, or `dx += ..` when `add`.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward_data(
    bf16: Bf16,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add): (&mut [f32], bool),
    workspace: &mut [f32],
) {
    check(s, dx, weight, dy);
    let pass = flat::Pass::backward(s);
    sweep::run(bf16, &pass, (dy, weight), (dx, add), workspace);
}

/// Gradient by the weight, in the weight's own order; overwrites `dw`.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward_weight(
    bf16: Bf16,
    s: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    check(s, x, dw, dy);
    weight_gradient::run(bf16, s, x, dy, dw, workspace);
}

fn check(s: &ConvShape, x: &[f32], weight: &[f32], y: &[f32]) {
    assert!(takes(s));
    s.check(x.into(), (y.len(), weight.len()));
}
