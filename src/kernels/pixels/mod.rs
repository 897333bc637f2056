//! Element-wise and separable loops over image planes.
//!
//! Each is written once in portable Rust and compiled for AVX-512, AVX2 and the base instruction set; the
//! processor is asked at run time. No multiply-add is fused and no sum is reordered, so that all three give
//! the same bits.

#![allow(
    clippy::inline_always,
    reason = "a body takes the instruction set of the function it is inlined into"
)]

#[macro_use]
mod dispatch;

mod blur;
mod color;
mod resample;
mod warp;

pub use blur::{BLOCK, symmetric};
pub use color::{
    clamp, hue, luma, luma_sum, normalize, saturation, scale_shift, solarize, spread_luma, sum,
};
pub use resample::{
    add_float_rows, add_rows, blend_float_rows, blend_rows, gather, interleaved_luma,
};
pub use warp::warp;
