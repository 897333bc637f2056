//! In how many bits the products of a step are computed.

use super::tape::Context;
use crate::kernels::{ConvShape, Products};

/// Columns and summed numbers from which on products of matrices are worth rounding.
const LEAST: usize = 16;

/// Those of a convolution: 16 bits where they are asked for and faster.
pub(super) fn of_convolution(cx: &Context, shape: &ConvShape) -> Products {
    let bf16 = cx.bf16.filter(|bf16| bf16.pays(shape));
    bf16.map_or(Products::F32(cx.simd), Products::Bf16)
}

/// Those of matrices of `input` and `output` columns, likewise.
pub(super) fn of_matrices(cx: &Context, input: usize, output: usize) -> Products {
    let bf16 = cx.bf16.filter(|_| input.min(output) >= LEAST);
    bf16.map_or(Products::F32(cx.simd), Products::Bf16)
}
