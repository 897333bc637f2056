//! Memory asked for before it is needed, and written past the caches.

/// Asks the caches for what lies at `place`, which need not be valid.
#[inline(always)]
pub(crate) fn prefetch(place: *const f32) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: part of every x86-64 processor, and it never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    let _ = place;
}

/// What this thread stored past the caches is seen by all who wait for it.
#[inline(always)]
pub(crate) fn streamed() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: part of every x86-64 processor.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
