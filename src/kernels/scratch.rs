//! Per-thread working memory that is allocated once and reused by every kernel.

use std::cell::RefCell;

use super::memory::{self, LINE};

thread_local! {
    static BUFFER: RefCell<(Vec<f32>, usize)> = const { RefCell::new((Vec::new(), 0)) };
}

/// Run `work` on `len` floats of working memory, aligned to cache lines; what they hold is arbitrary.
///
/// `work` must not start parallel work of its own, which could enter here again on the same thread.
pub(super) fn with<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.0.len() < buffer.1 + len {
            *buffer = memory::zeros(len);
        }
        let (block, start) = buffer;
        work(&mut block[*start..*start + len])
    })
}

/// `len` rounded up to whole cache lines, so that what follows starts on one.
pub(super) fn lines(len: usize) -> usize {
    len.next_multiple_of(LINE)
}
