//! In how many bits the products of a step are computed.

use super::tape::Context;
use crate::kernels::bf16::Bf16;
use crate::kernels::{ConvShape, Products};

/// Columns and summed numbers from which on products of matrices are worth rounding.
const LEAST: usize = 16;
/// The same where six products stand for one: narrower ones are as fast in 32 bits.
const LEAST_OF_THREE: usize = 384;
/// Rows of a sample from which on those are faster: packing the other side is made up for.
const LEAST_ROWS: usize = 16;

/// Those of a convolution: 16 bits where they are asked for and faster.
pub(super) fn of_convolution(cx: &Context, shape: &ConvShape) -> Products {
    let bf16 = cx.bf16.filter(|bf16| bf16.pays(shape));
    bf16.map_or(Products::F32(cx.simd), Products::Bf16)
}

/// Those of matrices of so many rows, `input` and `output` columns, likewise; the same for any batch, so that a row's
/// results are.
pub(super) fn of_matrices(cx: &Context, rows: usize, (input, output): (usize, usize)) -> Products {
    let pays = |bf16: &Bf16| match bf16.parts() {
        1 | 2 => input.min(output) >= LEAST,
        _ => input.min(output) >= LEAST_OF_THREE && rows >= LEAST_ROWS * cx.batch,
    };
    let bf16 = cx.bf16.filter(pays);
    bf16.map_or(Products::F32(cx.simd), Products::Bf16)
}

/// Those of a weight's gradient, whose sums over rows are not worth six products.
pub(super) fn of_weights(cx: &Context, (input, output): (usize, usize)) -> Products {
    let bf16 = cx
        .bf16
        .filter(|bf16| bf16.parts() < 3 && input.min(output) >= LEAST);
    bf16.map_or(Products::F32(cx.simd), Products::Bf16)
}
