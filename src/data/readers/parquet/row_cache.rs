//! Recently used runs of encoded images, bounded in bytes and shared by threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stored<'a> {
    /// An encoded image.
    Image(&'a [u8]),
    /// The path of one.
    Path(&'a [u8]),
}

/// Encoded images, or paths of images, of a run of rows, one after the other.
#[derive(Debug, Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    ends: Vec<usize>,  // where each row ends in `bytes`
    paths: Vec<usize>, // rows that hold a path, ascending
}

impl Rows {
    pub(super) fn push(&mut self, image: &[u8]) {
        self.bytes.extend_from_slice(image);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn push_path(&mut self, path: &[u8]) {
        self.paths.push(self.ends.len());
        self.push(path);
    }

    pub(super) fn get(&self, row: usize) -> Stored<'_> {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        let bytes = &self.bytes[start..self.ends[row]];
        match self.paths.binary_search(&row) {
            Ok(_) => Stored::Path(bytes),
            Err(_) => Stored::Image(bytes),
        }
    }

    /// Whether a row holds nothing.
    pub(super) fn lacks_some(&self) -> bool {
        (0..self.len()).any(|row| self.get(row) == Stored::Image(&[]))
    }

    /// The same rows, those that hold nothing with a path where `paths` has one.
    pub(super) fn with_paths(&self, paths: &Rows) -> Self {
        let mut all = Self::default();
        for row in 0..self.len() {
            match (self.get(row), paths.get(row)) {
                (Stored::Image([]), Stored::Image(path)) if !path.is_empty() => all.push_path(path),
                (Stored::Image(bytes) | Stored::Path(bytes), _) => all.push(bytes),
            }
        }
        all
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Memory held, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity() + (self.ends.capacity() + self.paths.capacity()) * size_of::<usize>()
    }

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.paths.shrink_to_fit();
    }
}

/// What a load came to; a failure is kept, so that a broken run is not read again for each of its images.
pub(super) type Loaded = Arc<OnceLock<Result<Rows, String>>>;

/// Least recently used runs make room; a run larger than the budget is held alone.
#[derive(Debug)]
pub(super) struct RowCache {
    budget: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<usize, Slot>,
    resident: usize, // bytes of all loaded slots
    clock: u64,
}

#[derive(Debug, Default)]
struct Slot {
    rows: Loaded,
    bytes: usize, // 0 until loaded
    used: u64,
}

impl RowCache {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            state: Mutex::default(),
        }
    }

    /// Bytes of encoded images held now.
    pub(super) fn resident(&self) -> usize {
        self.lock().resident
    }

    /// The run `key`, read by `load` when it is not held; threads that ask for the same run wait for one read.
    pub(super) fn get(&self, key: usize, load: impl FnOnce() -> Result<Rows, String>) -> Loaded {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn touch(&mut self, key: usize) -> (Loaded, bool) {
        self.clock += 1;
        let slot = self.slots.entry(key).or_default();
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

    fn rows(size: usize) -> Rows {
        let mut rows = Rows::default();
        rows.push(&vec![7; size]);
        rows.shrink();
        rows
    }

    #[test]
    fn the_least_recently_used_run_makes_room() {
        let cache = RowCache::new(350);
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
        let cache = RowCache::new(150);
        cache.get(0, || Ok(rows(100)));
        let big = cache.get(1, || Ok(rows(1000)));
        assert!(
            matches!(big.get(), Some(Ok(rows)) if matches!(rows.get(0), Stored::Image(bytes) if bytes.len() == 1000))
        );
        assert_eq!(cache.resident(), 1000 + size_of::<usize>());
        cache.get(2, || Err("broken".into()));
        let kept = cache.get(2, || panic!("the failure is kept"));
        assert!(matches!(kept.get(), Some(Err(problem)) if problem == "broken"));
    }
}
