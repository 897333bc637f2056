//! The numbers of an array, read by row: a row is one picture, or one label.

use std::ops::Range;

use super::super::positional::Bytes;
#[cfg(feature = "hdf5")]
use super::chunks::Chunks;

/// Where the numbers of an array are read from.
#[derive(Debug)]
pub(super) enum Rows {
    /// One after the other, from `start` on.
    Flat { bytes: Bytes, start: u64 },
    /// In chunks, which are decompressed as a whole.
    #[cfg(feature = "hdf5")]
    Chunks(Chunks),
}

impl Rows {
    /// Fill `buffer` with the rows of `size` bytes from row `first` on.
    ///
    /// # Errors
    /// What is wrong with the file, without its path.
    pub(super) fn read(&self, first: usize, size: usize, buffer: &mut [u8]) -> Result<(), String> {
        match self {
            Self::Flat { bytes, start } => {
                let read = bytes.read_exact_at(buffer, start + (first * size) as u64);
                read.map_err(|e| e.to_string())
            }
            #[cfg(feature = "hdf5")]
            Self::Chunks(chunks) => chunks.read(first, size, buffer),
        }
    }

    /// Runs among `count` rows that are best read together.
    pub(super) fn blocks(&self, count: usize) -> Vec<Range<usize>> {
        match self {
            Self::Flat { .. } => std::iter::once(0..count).collect(),
            #[cfg(feature = "hdf5")]
            Self::Chunks(chunks) => chunks.blocks(count),
        }
    }

    /// How many of them may be read in turn without reading any of them twice.
    pub(super) fn blocks_at_once(&self) -> usize {
        match self {
            Self::Flat { .. } => 1,
            #[cfg(feature = "hdf5")]
            Self::Chunks(chunks) => chunks.blocks_at_once(),
        }
    }
}
