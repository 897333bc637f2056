//! A slice that several threads write in disjoint places.

use std::marker::PhantomData;

/// A mutable slice whose parts are handed to several threads.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    start: *mut f32,
    len: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: the slice is borrowed mutably for 'a, and every access goes through `part`, whose callers promise
// that parts alive at the same time do not overlap.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(super) fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            lifetime: PhantomData,
        }
    }

    /// Where element `offset` lies.
    pub(super) fn at(self, offset: usize) -> *mut f32 {
        assert!(offset <= self.len, "offset {offset} of {}", self.len);
        self.start.wrapping_add(offset)
    }

    /// The part `start .. start + len`.
    ///
    /// # Safety
    /// Parts alive at the same time must not overlap.
    #[allow(clippy::mut_from_ref, reason = "disjoint parts, see above")]
    pub(super) unsafe fn part(&self, start: usize, len: usize) -> &'a mut [f32] {
        assert!(
            start <= self.len && len <= self.len - start,
            "part {start} + {len} of {}",
            self.len
        );
        // SAFETY: inside the slice (checked), and disjoint by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }
}
