//! Memory that is taken and given back without returning to the system.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::memory;

/// The free buffers, and how much was ever allocated.
#[derive(Debug, Default)]
pub(super) struct Arena {
    pool: Mutex<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    /// Each with the place of its first cache line.
    free: Vec<(Vec<f32>, usize)>,
    floats: usize,
}

/// `len` floats of an [`Arena`], aligned to cache lines; goes back to it when dropped.
#[derive(Debug)]
pub(super) struct Buffer {
    data: Vec<f32>,
    start: usize,
    len: usize,
    arena: Arc<Arena>,
}

impl Arena {
    /// A buffer of `len` floats; what they hold is arbitrary.
    pub(super) fn take(self: &Arc<Self>, len: usize) -> Buffer {
        let (data, start) = self.find(len).unwrap_or_else(|| memory::zeros(len));
        Buffer {
            data,
            start,
            len,
            arena: Arc::clone(self),
        }
    }

    /// The smallest free buffer that fits, unless it would waste more than a quarter.
    fn find(&self, need: usize) -> Option<(Vec<f32>, usize)> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = need..=need + need / 4 + 1024;
        let candidates = pool.free.iter().enumerate();
        let best = candidates
            .filter(|(_, (data, start))| fits.contains(&(data.len() - start)))
            .min_by_key(|(_, (data, _))| data.len())
            .map(|(position, _)| position);
        if best.is_none() {
            pool.floats += need;
        }
        best.map(|position| pool.free.swap_remove(position))
    }

    pub(super) fn peak_bytes(&self) -> usize {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.floats * size_of::<f32>()
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[self.start..self.start + self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..self.start + self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        let mut pool = self
            .arena
            .pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pool.free.push((data, self.start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_returned_buffer_is_taken_again_and_starts_on_a_cache_line() {
        let arena = Arc::<Arena>::default();
        let first = arena.take(1000);
        let place = first.as_ptr();
        drop(first);
        let (again, other) = (arena.take(1000), arena.take(1000));
        assert_eq!(again.as_ptr(), place);
        assert_ne!(other.as_ptr(), place);
        assert_eq!((place as usize % 64, again.len()), (0, 1000));
        assert_eq!(arena.peak_bytes(), 2 * 4 * 1000);
    }
}
