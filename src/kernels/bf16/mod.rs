//! Products in bfloat16: operands rounded to 16 bits, or split into two or three such numbers, products summed in 32.
//!
//! Products of matrices, and so those of single pixels, pack both sides once and multiply blocks. Any other
//! convolution is a sum over taps of matrix products. Images are laid out flat with a border of zeros that
//! neighbouring rows share, so that a tap is a constant distance: sixteen neighbouring positions are sixteen rows
//! of a matrix, wherever they lie. Results at positions of the border are computed and left out.
//!
//! Activations and parameters stay 32-bit floats; rounding happens while operands are packed. Of 32-bit floats'
//! 24 significant bits 8 remain, 16 where they are split into two, all where they are split into three: gradients
//! lose digits, not range.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod digits;
mod dot;
mod flat;
mod matmul;
mod matrix;
mod operands;
mod over_rows;
mod pack;
mod sweep;
#[cfg(test)]
mod tests;
mod weight_gradient;

pub use dot::{Bf16, Bf16Dot};
pub(super) use matmul::matmul_then;

use super::conv_shape::{Algorithm, ConvShape};
use super::gemm::{Order, Start};

impl Bf16 {
    /// Whether a convolution is worth taking: channels fill the units, and Winograd's 32-bit products, a quarter as
    /// many, are not faster, as they are where no AMX is, and than three products for one; six for one are not.
    #[must_use]
    pub fn pays(self, s: &ConvShape) -> bool {
        let many = self.dot() == Bf16Dot::Avx512 || self.parts() > 1;
        takes(s) && self.parts() < 3 && !(many && s.algorithm() == Algorithm::Winograd)
    }
}

/// Whether a convolution is taken: one group, and channels that fill at least half of the matrix units' rows.
fn takes(s: &ConvShape) -> bool {
    s.groups == 1 && s.input >= 16 && s.output >= 16
}

/// Floats of workspace that [`forward`], [`backward_data`] and [`backward_weight`] need.
#[must_use]
pub fn workspace(bf16: Bf16, s: &ConvShape) -> usize {
    if s.is_pointwise() {
        let products = bf16.matmul_workspace(s.output, s.input);
        let products = products.max(bf16.matmul_workspace(s.input, s.output));
        return products.max(bf16.over_rows_workspace((s.output, s.input, s.rows())));
    }
    sweep::workspace(bf16, s).max(weight_gradient::workspace(bf16, s))
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
    if s.is_pointwise() {
        let size = (s.rows(), s.output, s.input);
        let weight = (weight, Order::Transposed);
        return bf16.matmul(size, x, weight, (y, Start::Zero), workspace);
    }
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
    if s.is_pointwise() {
        let start = if add { Start::Old } else { Start::Zero };
        let size = (s.rows(), s.input, s.output);
        let weight = (weight, Order::Plain);
        return bf16.matmul(size, dy, weight, (dx, start), workspace);
    }
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
    if s.is_pointwise() {
        let size = (s.output, s.input, s.rows());
        return bf16.over_rows(size, dy, x, (dw, None), workspace);
    }
    weight_gradient::run(bf16, s, x, dy, dw, workspace);
}

fn check(s: &ConvShape, x: &[f32], weight: &[f32], y: &[f32]) {
    assert!(takes(s));
    s.check(x.into(), (y.len(), weight.len()));
}
