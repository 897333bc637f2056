//! The numbers of a data set of HDF5, a chunk's rows at a time.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hdf5_pure::Dataset;

use super::super::run_cache::RunCache;

/// Rows of a data set; those of chunks that were decompressed last stay in memory.
pub(super) struct Chunks {
    set: Dataset,
    count: usize,    // of rows
    together: usize, // rows that are decompressed together
    row: usize,      // bytes
    budget: usize,
    cache: RunCache<Vec<u8>>,
}

impl std::fmt::Debug for Chunks {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Chunks({} rows of {} bytes)", self.count, self.row)
    }
}

impl Chunks {
    /// `count` rows of `row` bytes, of which `together` are decompressed at once; up to `budget` bytes stay in memory.
    pub(super) fn new(
        set: Dataset,
        count: usize,
        together: usize,
        row: usize,
        budget: usize,
    ) -> Self {
        Self {
            set,
            count,
            together: together.clamp(1, count.max(1)),
            row,
            budget,
            cache: RunCache::new(budget),
        }
    }

    /// As [`super::rows::Rows::read`].
    pub(super) fn read(&self, first: usize, size: usize, buffer: &mut [u8]) -> Result<(), String> {
        if buffer.len() != size || self.together == 1 {
            let bytes = self.load(first, buffer.len() / size.max(1))?;
            return copy(&bytes, buffer);
        }
        let block = first / self.together;
        let start = block * self.together;
        let count = self.together.min(self.count - start);
        let loaded = self.cache.get(block, || self.load(start, count));
        match loaded.get() {
            Some(Ok(bytes)) => {
                let at = (first - start) * size;
                copy(bytes.get(at..at + size).unwrap_or_default(), buffer)
            }
            Some(Err(problem)) => Err(problem.clone()),
            None => Err("its chunk was not read".into()),
        }
    }

    fn load(&self, first: usize, count: usize) -> Result<Vec<u8>, String> {
        let read = || self.set.read_raw_rows(first as u64, count as u64);
        // A panic on hostile bytes is an error like the others.
        let read = catch_unwind(AssertUnwindSafe(read));
        let bytes =
            read.map_err(|_| "the HDF5 library panicked on this file; it is corrupt".to_string())?;
        bytes.map_err(|e| format!("cannot be read ({e}); copy or write the file again"))
    }

    /// As [`super::rows::Rows::blocks`].
    pub(super) fn blocks(&self, count: usize) -> Vec<Range<usize>> {
        let all = count.saturating_mul(self.row);
        if self.together == 1 || all <= self.budget {
            return std::iter::once(0..count).collect();
        }
        let starts = (0..count).step_by(self.together);
        starts
            .map(|start| start..(start + self.together).min(count))
            .collect()
    }

    /// Half of the budget: the next ones are read while the last pictures of these are asked for.
    pub(super) fn blocks_at_once(&self) -> usize {
        (self.budget / 2 / (self.together * self.row).max(1)).max(1)
    }
}

fn copy(bytes: &[u8], buffer: &mut [u8]) -> Result<(), String> {
    if bytes.len() != buffer.len() {
        return Err(format!(
            "holds {} bytes of numbers where its header announces {}; write it again with h5py",
            bytes.len(),
            buffer.len()
        ));
    }
    buffer.copy_from_slice(bytes);
    Ok(())
}
