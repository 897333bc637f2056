//! Convolution of any kernel size and stride straight from zero-padded images, without gathering windows.
//!
//! In NHWC a kernel row over an output pixel is one contiguous stretch of the image, and the next pixel's lies
//! a fixed distance further: the image itself is the left-hand matrix of a product per kernel row. Images are
//! copied once, with their border, a band of rows at a time that stays in the second cache. Without groups and
//! dilation; output channels must be a multiple of 16.

mod backward_data;
mod backward_weight;
mod bands;
mod forward;
mod pack;

pub(super) use backward_data::backward_data;
pub(super) use backward_weight::backward_weight;
pub(super) use forward::forward;

use super::conv_shape::ConvShape;
use super::gemm::packed_len;

pub(super) fn workspace(s: &ConvShape) -> usize {
    let forward = packed_len(s.taps(), s.output);
    let data = packed_len(s.kernel * s.kernel * s.output, s.input);
    let weight = backward_weight::tasks(s) * s.weight_len();
    forward.max(data).max(weight)
}
