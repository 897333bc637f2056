//! Large allocations in large pages.

/// Floats per cache line.
pub(super) const LINE: usize = 16;

/// `len` zeros that start on a cache line once the returned number of floats is skipped.
///
/// Where the system offers pages of 2 MiB on request (Linux), they are requested for large blocks before the
/// first touch: fewer faults now, fewer address look-ups later.
///
/// # Panics
/// No memory is that large.
#[must_use]
pub fn zeros(len: usize) -> (Vec<f32>, usize) {
    let block = vec![0.0; len.saturating_add(LINE)];
    advise(&block);
    let start = block.as_ptr().align_offset(4 * LINE).min(LINE);
    (block, start)
}

#[cfg(all(target_os = "linux", not(miri)))]
fn advise(block: &[f32]) {
    use std::ffi::{c_int, c_void};

    const HUGE_PAGE: usize = 2 << 20;
    const PAGE: usize = 4096;
    const MADV_HUGEPAGE: c_int = 14;
    unsafe extern "C" {
        fn madvise(start: *mut c_void, len: usize, advice: c_int) -> c_int;
    }
    let bytes = size_of_val(block);
    let skip = block.as_ptr().cast::<u8>().align_offset(PAGE);
    if bytes < 2 * HUGE_PAGE || skip >= bytes {
        return;
    }
    // SAFETY: whole pages of a live allocation; the advice changes no contents, and a refusal is harmless.
    unsafe {
        let start = block.as_ptr().cast::<u8>().add(skip);
        madvise(
            start.cast_mut().cast(),
            (bytes - skip) / PAGE * PAGE,
            MADV_HUGEPAGE,
        );
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
fn advise(_: &[f32]) {}

/// Keep what is freed for the next allocation instead of giving it back to the system.
///
/// A step frees as much as the next one allocates: gradients, and all that candle computes. By default the GNU
/// allocator returns large blocks at once, and the system clears fresh pages, which costs more than writing them.
/// To be called first in a program; other allocators are left as they are.
pub fn keep_what_is_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    {
        use std::ffi::c_int;
        const TRIM_THRESHOLD: c_int = -1;
        const MMAP_THRESHOLD: c_int = -3;
        const LARGEST_THRESHOLD: c_int = 32 << 20;
        unsafe extern "C" {
            fn mallopt(parameter: c_int, value: c_int) -> c_int;
        }
        // SAFETY: thresholds change when memory returns to the system, nothing else; a refusal is harmless.
        unsafe {
            mallopt(MMAP_THRESHOLD, LARGEST_THRESHOLD);
            mallopt(TRIM_THRESHOLD, c_int::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_zero_and_start_on_a_cache_line() {
        let large = if cfg!(miri) { 5_000 } else { 5_000_000 };
        for len in [0, 1, large] {
            let (block, start) = zeros(len);
            assert!(block[start..start + len].iter().all(|&value| value == 0.0));
            assert_eq!(block[start..].as_ptr() as usize % 64, 0);
        }
    }
}
