//! A slice that several threads write in disjoint places.

use std::marker::PhantomData;

/// A mutable slice whose parts are handed to several threads.
///
/// Places are reached through raw pointers, or as slices through [`Shared::part`], which is unsafe: whoever uses
/// either keeps places that are written apart from all other uses of them at the same time.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    start: *mut f32,
    len: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: the slice is borrowed mutably for 'a, floats may be sent, and every access is unsafe: its author keeps
// those of several threads apart.
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

    /// Where element `offset` lies; that of the end may be asked for.
    pub(super) fn at(self, offset: usize) -> *mut f32 {
        assert!(offset <= self.len, "offset {offset} of {}", self.len);
        self.start.wrapping_add(offset)
    }

    /// The part `start .. start + len`.
    ///
    /// # Safety
    /// While the part is alive, nothing else reads or writes its floats: no other part, and no pointer of
    /// [`Shared::at`].
    #[allow(clippy::mut_from_ref, reason = "disjoint parts, as callers promise")]
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
