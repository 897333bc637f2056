//! Memory that is taken and given back without returning to the system.

use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::slab::{Slab, SlabPart};

/// Floats of a slab at least, and at most unless more are asked for at once.
const SLAB: (usize, usize) = (1 << 20, 1 << 28);

/// Slabs, each as large as all before it; filled from the first place on.
#[derive(Debug, Default)]
pub(super) struct Arena {
    slabs: Mutex<Vec<Arc<Slab>>>,
}

/// Floats of an [`Arena`], aligned to cache lines; they go back to it when dropped.
pub(super) type Buffer = SlabPart;

impl Arena {
    /// A buffer of `len` floats; what they hold is arbitrary.
    pub(super) fn take(&self, len: usize) -> Buffer {
        let mut slabs = self.slabs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(buffer) = slabs.iter().find_map(|slab| slab.take(len)) {
                return buffer;
            }
            let so_far: usize = slabs.iter().map(|slab| slab.reached()).sum();
            slabs.push(Slab::new(so_far.clamp(SLAB.0, SLAB.1).max(len)));
        }
    }

    /// The most memory that buffers have taken, in bytes.
    pub(super) fn peak_bytes(&self) -> usize {
        let slabs = self.slabs.lock().unwrap_or_else(PoisonError::into_inner);
        let floats: usize = slabs.iter().map(|slab| slab.reached()).sum();
        floats * size_of::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_returned_buffer_is_taken_again_and_starts_on_a_cache_line() {
        let arena = Arena::default();
        let first = arena.take(1000);
        let place = first.as_ptr();
        drop(first);
        let (again, other) = (arena.take(1000), arena.take(1000));
        assert_eq!(again.as_ptr(), place);
        assert_ne!(other.as_ptr(), place);
        assert_eq!((place as usize % 64, again.len()), (0, 1000));
    }

    #[test]
    fn memory_of_small_buffers_serves_a_large_one() {
        let arena = Arena::default();
        let small: Vec<Buffer> = (0..8).map(|_| arena.take(1 << 20)).collect();
        let bytes = arena.peak_bytes();
        assert!(bytes >= 4 * (8 << 20));
        drop(small);
        let large = arena.take(3 << 20);
        assert_eq!((large.len(), arena.peak_bytes()), (3 << 20, bytes));
    }
}
