//! CPU kernels on plain slices: the only place where `unsafe` may stand.
//!
//! Activations are NHWC (channels fastest), 32-bit floats. Every kernel exists in three builds of one source:
//! AVX-512, AVX2 + FMA, and a portable one that LLVM vectorises; a [`Simd`] value, detected once, chooses at
//! run time. Work is cut into pieces of a size that does not depend on the number of threads, and sums are
//! added in the order of the pieces, so results do not depend on the number of threads either.

#![allow(
    clippy::inline_always,
    clippy::many_single_char_names,
    clippy::needless_range_loop,
    reason = "kernels are built per instruction set by inlining, named as in their formulas, and walk several rows by one index"
)]

pub mod above;
pub mod activation;
pub mod attention;
pub mod batch_norm;
pub mod bf16;
pub mod conv;
mod conv_shape;
pub mod cosines;
pub mod curve;
mod depthwise;
mod direct;
pub mod elementwise;
pub mod gates;
pub mod gemm;
mod im2col;
pub mod layer_norm;
pub mod layout;
pub mod log_partition;
pub mod memory;
pub mod narrow;
pub mod normalize;
pub mod pixels;
pub mod pool;
pub mod response_norm;
pub mod rotary;
pub mod simd;
pub mod slab;
pub mod threads;
pub mod update;
pub mod windows;
mod winograd;

mod product;
mod products;
mod scratch;
mod shared;
#[cfg(test)]
mod tests;
mod then;

pub use conv_shape::ConvShape;
pub use products::Products;
pub use simd::{Level, Simd};
pub use then::Then;
