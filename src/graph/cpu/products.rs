//! In how many bits the products of a step are computed.

use super::tape::Context;
use crate::kernels::bf16::Bf16;
use crate::kernels::{ConvShape, Simd};

/// The kernels of a step's products.
#[derive(Clone, Copy)]
pub(super) enum Products {
    F32(Simd),
    Bf16(Bf16),
}

impl Products {
    /// 16 bits where they are asked for and faster.
    pub(super) fn of(cx: &Context, shape: &ConvShape) -> Self {
        let bf16 = cx.bf16.filter(|bf16| bf16.pays(shape));
        bf16.map_or(Self::F32(cx.simd), Self::Bf16)
    }
}
