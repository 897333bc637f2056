//! A linear layer with the GELU that follows it.

use super::activation::gelu_chunk;
use super::gemm::{Order, Start, matmul_then};
use super::product::product;
use super::shared::Shared;
use super::simd::Simd;

/// `before = x · weightᵀ + bias`, `after = gelu(before)`; x is m × k, the weight n × k, the results m × n.
///
/// # Panics
/// A slice is shorter than its matrix.
pub fn with_gelu(
    simd: Simd,
    (m, n, k): (usize, usize, usize),
    x: &[f32],
    (weight, bias): (&[f32], Option<&[f32]>),
    (before, after): (&mut [f32], &mut [f32]),
    workspace: &mut [f32],
) {
    assert!(after.len() >= product([m, n]));
    let after = Shared::new(after);
    let start = Start::Sum {
        bias,
        residual: None,
    };
    let weight = (weight, Order::Transposed);
    matmul_then(
        simd,
        (m, n, k),
        x,
        weight,
        (before, start),
        workspace,
        |place, values| {
            // SAFETY: the product hands out every place once.
            let after = unsafe { after.part(place, values.len()) };
            gelu_chunk(simd, values, after);
        },
    );
}
