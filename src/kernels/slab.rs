//! A large block of memory of which parts are taken and given back.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::{self, LINE};

/// Memory for parts of any size: neighbours that are given back join, so that what held many small parts can
/// hold a large one.
///
/// The system gives pages when they are first written: what no part ever reached costs nothing.
#[derive(Debug)]
pub struct Slab {
    /// Owns the memory; read and written through `start` alone.
    _block: Vec<f32>,
    /// The first of as many floats as the gaps cover.
    start: *mut f32,
    gaps: Mutex<Gaps>,
}

/// The free places of a slab.
#[derive(Debug)]
struct Gaps {
    /// First float and length, in ascending order; no two touch.
    free: Vec<(usize, usize)>,
    /// Floats before this one have belonged to a part.
    reached: usize,
}

/// Floats of a [`Slab`] that nobody else has, on a cache line; they go back to it when dropped.
///
/// Only [`Slab::take`] makes one, of a gap that it closes: `first .. first + len` lies inside the slab, and in no
/// other part.
#[derive(Debug)]
pub struct SlabPart {
    slab: Arc<Slab>,
    first: usize,
    len: usize,
}

// SAFETY: the memory is owned, and reached through parts alone, which never overlap; only a part's own borrows
// read or write it.
unsafe impl Send for Slab {}
// SAFETY: as above; the gaps are behind a lock.
unsafe impl Sync for Slab {}

/// What a part takes: whole cache lines and one more, since parts at distances of whole pages would meet in few
/// places of the caches. `None` where that is no number.
fn room(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(LINE)?.checked_add(LINE)
}

impl Slab {
    /// Memory for at least one part of `len` floats.
    ///
    /// # Panics
    /// No memory is that large.
    #[must_use]
    pub fn new(len: usize) -> Arc<Self> {
        let len = room(len).unwrap_or(usize::MAX);
        let (mut block, first) = memory::zeros(len);
        Arc::new(Self {
            start: block[first..][..len].as_mut_ptr(),
            _block: block,
            gaps: Mutex::new(Gaps {
                free: vec![(0, len)],
                reached: 0,
            }),
        })
    }

    /// The first place where `len` floats fit; what they hold is arbitrary.
    #[must_use]
    pub fn take(self: &Arc<Self>, len: usize) -> Option<SlabPart> {
        let need = room(len)?;
        let mut gaps = self.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        let place = gaps.free.iter().position(|gap| gap.1 >= need)?;
        let (first, size) = gaps.free[place];
        if size == need {
            gaps.free.remove(place);
        } else {
            gaps.free[place] = (first + need, size - need);
        }
        gaps.reached = gaps.reached.max(first + need);
        Some(SlabPart {
            slab: Arc::clone(self),
            first,
            len,
        })
    }

    /// Floats that parts have ever reached: the memory that the system had to give.
    #[must_use]
    pub fn reached(&self) -> usize {
        let gaps = self.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        gaps.reached
    }
}

impl Gaps {
    fn give_back(&mut self, first: usize, len: usize) {
        let place = self.free.partition_point(|gap| gap.0 < first);
        self.free.insert(place, (first, len));
        if self
            .free
            .get(place + 1)
            .is_some_and(|gap| gap.0 == first + len)
        {
            self.free[place].1 += self.free.remove(place + 1).1;
        }
        if place > 0 && self.free[place - 1].0 + self.free[place - 1].1 == first {
            self.free[place - 1].1 += self.free.remove(place).1;
        }
    }
}

impl Deref for SlabPart {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: inside the slab, which lives as long as this part; no other part overlaps this one, and the floats
        // have been zeros since the slab was made.
        unsafe { std::slice::from_raw_parts(self.slab.start.add(self.first), self.len) }
    }
}

impl DerefMut for SlabPart {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.slab.start.add(self.first), self.len) }
    }
}

impl Drop for SlabPart {
    fn drop(&mut self) {
        let mut gaps = self
            .slab
            .gaps
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // There was room when the part was taken.
        gaps.give_back(self.first, room(self.len).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_never_overlap_and_neighbors_join() {
        let slab = Slab::new(10_000);
        let mut parts: Vec<SlabPart> = Vec::new();
        let mut state = 1_u32;
        let (turns, most) = if cfg!(miri) { (40, 30) } else { (2000, 900) };
        for turn in 0..turns {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = (state >> 16) as usize;
            if number.is_multiple_of(3) && !parts.is_empty() {
                parts.swap_remove(number % parts.len());
            } else if let Some(mut part) = slab.take(number % most) {
                assert_eq!(part.as_ptr() as usize % 64, 0);
                part.fill(turn as f32);
                parts.push(part);
            }
            for part in &parts {
                assert!(part.windows(2).all(|pair| pair[0] == pair[1]));
            }
        }
        drop(parts);
        assert!(slab.take(10_001 + 64).is_none());
        assert_eq!(slab.take(10_000).map(|part| part.len()), Some(10_000));
        assert_eq!(slab.reached(), room(10_000).unwrap_or(0));
    }

    #[test]
    fn lengths_near_the_largest_number_find_no_room() {
        let slab = Slab::new(100);
        for len in [usize::MAX, usize::MAX - 15, usize::MAX - 40] {
            assert!(slab.take(len).is_none(), "{len}");
        }
        assert!(slab.take(100).is_some());
    }
}
