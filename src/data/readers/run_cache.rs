//! Recently used runs of pictures, bounded in bytes and shared by threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What takes memory while it is held.
pub(super) trait Held {
    /// Bytes of memory.
    fn size(&self) -> usize;
}

impl Held for Vec<u8> {
    fn size(&self) -> usize {
        self.capacity()
    }
}

/// What a load came to; a failure is kept, so that a broken run is not read again for each of its images.
pub(super) type Loaded<T> = Arc<OnceLock<Result<T, String>>>;

/// Least recently used runs make room; a run larger than the budget is held alone.
#[derive(Debug)]
pub(super) struct RunCache<T> {
    budget: usize,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    slots: HashMap<usize, Slot<T>>,
    resident: usize, // bytes of all loaded slots
    clock: u64,
}

#[derive(Debug)]
struct Slot<T> {
    rows: Loaded<T>,
    bytes: usize, // 0 until loaded
    used: u64,
}

impl<T: Held> RunCache<T> {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            state: Mutex::new(State {
                slots: HashMap::new(),
                resident: 0,
                clock: 0,
            }),
        }
    }

    /// Bytes held now.
    pub(super) fn resident(&self) -> usize {
        self.lock().resident
    }

    /// The run `key`, read by `load` when it is not held; threads that ask for the same run wait for one read.
    pub(super) fn get(&self, key: usize, load: impl FnOnce() -> Result<T, String>) -> Loaded<T> {
        let (rows, counted) = self.lock().touch(key);
        if counted {
            return rows;
        }
        let size = match rows.get_or_init(load) {
            Ok(rows) => rows.size(),
            Err(problem) => problem.len(),
        };
        self.lock().account(key, size.max(1), self.budget);
        rows
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn touch(&mut self, key: usize) -> (Loaded<T>, bool) {
        self.clock += 1;
        let slot = self.slots.entry(key).or_insert_with(|| Slot {
            rows: Loaded::default(),
            bytes: 0,
            used: 0,
        });
        slot.used = self.clock;
        (slot.rows.clone(), slot.bytes > 0)
    }

    fn account(&mut self, key: usize, size: usize, budget: usize) {
        match self.slots.get_mut(&key) {
            Some(slot) if slot.bytes == 0 => slot.bytes = size,
            _ => return, // another thread counted it, or it was put out meanwhile
        }
        self.resident += size;
        while self.resident > budget {
            let others = self
                .slots
                .iter()
                .filter(|(k, slot)| **k != key && slot.bytes > 0);
            let Some(oldest) = others.min_by_key(|(_, slot)| slot.used).map(|(k, _)| *k) else {
                return;
            };
            self.resident -= self.slots.remove(&oldest).map_or(0, |slot| slot.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(size: usize) -> Vec<u8> {
        vec![7; size]
    }

    #[test]
    fn the_least_recently_used_run_makes_room() {
        let cache = RunCache::new(350);
        for key in [0, 1, 2] {
            cache.get(key, || Ok(rows(100)));
        }
        cache.get(0, || panic!("run 0 is held"));
        cache.get(3, || Ok(rows(100))); // puts 1 out
        assert!(cache.resident() <= 350);
        cache.get(0, || panic!("run 0 was used after run 1"));
        let mut read = false;
        cache.get(1, || {
            read = true;
            Ok(rows(100))
        });
        assert!(read);
    }

    #[test]
    fn a_run_larger_than_the_budget_is_held_alone_and_failures_are_kept() {
        let cache = RunCache::new(150);
        cache.get(0, || Ok(rows(100)));
        let big = cache.get(1, || Ok(rows(1000)));
        assert!(matches!(big.get(), Some(Ok(rows)) if rows.len() == 1000));
        assert_eq!(cache.resident(), 1000);
        cache.get(2, || Err::<Vec<u8>, _>("broken".into()));
        let kept = cache.get(2, || panic!("the failure is kept"));
        assert!(matches!(kept.get(), Some(Err(problem)) if problem == "broken"));
    }
}
