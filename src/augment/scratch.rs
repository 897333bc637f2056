//! Buffers reused from view to view.

use super::taps::Taps;

/// What operations write intermediate values to; nothing in it outlives an operation.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) across: Taps,
    pub(super) down: Taps,
    pub(super) row: Vec<f32>,
    pub(super) plane: Vec<f32>,
    pub(super) weights: Vec<f32>,
}

/// The first `len` values of `buffer`, which grows when needed and never shrinks; they hold anything.
pub(super) fn room(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}
