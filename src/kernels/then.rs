//! What follows a product while its result is in the caches.

use super::activation::{gelu_backward_chunk, gelu_chunk, gelu_in_place};
use super::shared::Shared;
use super::simd::Simd;

/// What follows a product.
#[derive(Debug)]
pub enum Then<'a> {
    /// Nothing.
    Nothing,
    /// The GELU of the result, in its place.
    Gelu,
    /// The GELU of the result, beside it.
    GeluBeside(&'a mut [f32]),
    /// Times the GELU's slope at these numbers: the result is the gradient of their GELU, and becomes theirs.
    GeluBackward(&'a [f32]),
}

impl<'a> Then<'a> {
    /// Panics unless all that is read or written has `len` numbers.
    pub(super) fn check(&self, len: usize) {
        match self {
            Self::Nothing | Self::Gelu => (),
            Self::GeluBeside(beside) => assert!(beside.len() >= len),
            Self::GeluBackward(at) => assert!(at.len() >= len),
        }
    }

    /// Where results beside the product's go.
    pub(super) fn beside(&self) -> Option<*const f32> {
        match self {
            Self::GeluBeside(beside) => Some(beside.as_ptr()),
            _ => None,
        }
    }

    /// The same, for several threads.
    pub(super) fn shared(self) -> SharedThen<'a> {
        match self {
            Self::Nothing => SharedThen::Nothing,
            Self::Gelu => SharedThen::Gelu,
            Self::GeluBeside(beside) => SharedThen::GeluBeside(Shared::new(beside)),
            Self::GeluBackward(at) => SharedThen::GeluBackward(at),
        }
    }
}

/// [`Then`] for several threads, each of which finishes its own parts.
#[derive(Clone, Copy)]
pub(super) enum SharedThen<'a> {
    Nothing,
    Gelu,
    GeluBeside(Shared<'a>),
    GeluBackward(&'a [f32]),
}

impl SharedThen<'_> {
    /// Finish the part of the result that begins at `place`.
    ///
    /// # Safety
    /// No other thread finishes any of it.
    pub(super) unsafe fn finish(self, simd: Simd, place: usize, values: &mut [f32]) {
        match self {
            Self::Nothing => (),
            Self::Gelu => gelu_in_place(simd, values),
            Self::GeluBeside(beside) => {
                // SAFETY: the caller's promise.
                let beside = unsafe { beside.part(place, values.len()) };
                gelu_chunk(simd, values, beside);
            }
            Self::GeluBackward(at) => {
                gelu_backward_chunk(simd, &at[place..][..values.len()], values);
            }
        }
    }
}
