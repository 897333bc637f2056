//! Convolution: which kernel runs which case.

use super::batch_norm::{Epilogue, Input, Sums};
use super::conv_shape::{Algorithm, ConvShape};
use super::simd::Simd;
use super::{depthwise, direct, im2col, winograd};

/// Floats of workspace that [`forward`], [`backward_data`] and [`backward_weight`] need.
#[must_use]
pub fn workspace(s: &ConvShape) -> usize {
    match s.algorithm() {
        Algorithm::Winograd => winograd::workspace(s),
        Algorithm::Depthwise => depthwise::workspace(s),
        Algorithm::Direct => direct::workspace(s).max(im2col::workspace(s)),
        Algorithm::Im2col => im2col::workspace(s),
    }
}

/// `y = conv(x, weight)`, then `epilogue`; x, y are NHWC, weight is (out, in / groups, kernel, kernel).
///
/// Gives what the epilogue summed. Only where [`ConvShape::normalizes`] may x come with a norm.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn forward(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    weight: &[f32],
    (y, epilogue): (&mut [f32], Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    match s.algorithm() {
        Algorithm::Winograd => winograd::forward(simd, s, x, weight, (y, epilogue), workspace),
        Algorithm::Depthwise => {
            depthwise::forward(simd, s, x.values, weight, y);
            epilogue.all(simd, s.output, y)
        }
        Algorithm::Direct => direct::forward(simd, s, x, weight, (y, epilogue), workspace),
        Algorithm::Im2col => im2col::forward(simd, s, x.values, weight, (y, epilogue), workspace),
    }
}

/// Gradient by the input: `dx = convᵀ(dy, weight)`, or `dx += ..` when `add`, then `epilogue`.
///
/// Gives what the epilogue summed.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add, epilogue): (&mut [f32], bool, Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    match s.algorithm() {
        Algorithm::Winograd => {
            winograd::backward_data(simd, s, dy, weight, (dx, add, epilogue), workspace)
        }
        Algorithm::Depthwise => {
            depthwise::backward_data(simd, s, dy, weight, (dx, add));
            epilogue.all(simd, s.input, dx)
        }
        // Products of a few columns would leave most of a vector empty.
        Algorithm::Direct if s.input >= 16 => {
            direct::backward_data(simd, s, dy, weight, (dx, add, epilogue), workspace)
        }
        Algorithm::Direct | Algorithm::Im2col => {
            im2col::backward_data(simd, s, dy, weight, (dx, add), workspace);
            epilogue.all(simd, s.input, dx)
        }
    }
}

/// Gradient by the weight, in the weight's own order; overwrites `dw`.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    match s.algorithm() {
        Algorithm::Winograd => winograd::backward_weight(simd, s, x, dy, dw, workspace),
        Algorithm::Depthwise => depthwise::backward_weight(simd, s, x.values, dy, dw, workspace),
        Algorithm::Direct => direct::backward_weight(simd, s, x, dy, dw, workspace),
        Algorithm::Im2col => im2col::backward_weight(simd, s, x.values, dy, dw, workspace),
    }
}
