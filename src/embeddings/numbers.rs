//! Rows of numbers, in memory or in an unnamed file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::atomic::{folder_of, unwritable};
use crate::error::{Error, Result};

/// Numbers that are kept in memory: 256 MB.
const KEPT: usize = 64 << 20;

/// Numbers of a block of rows: 64 MB.
const BLOCK: usize = 16 << 20;

/// The rows from 0 to `count`, as many at a time as make a block of rows of `dim` numbers.
pub(super) fn blocks(count: usize, dim: usize) -> impl Iterator<Item = Range<usize>> {
    let block = (BLOCK / dim.max(1)).max(1);
    (0..count)
        .step_by(block)
        .map(move |first| first..count.min(first + block))
}

/// N rows of D numbers.
pub(super) struct Numbers {
    dim: usize,
    count: usize,
    store: Store,
}

enum Store {
    Memory(Vec<f32>),
    File(Mutex<File>),
}

impl Numbers {
    pub(super) fn new(dim: usize) -> Self {
        Self {
            dim,
            count: 0,
            store: Store::Memory(Vec::new()),
        }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn rows(&self) -> usize {
        self.count / self.dim.max(1)
    }

    /// Add numbers after those already there; `table` is the file that they are of, beside which those wait that memory
    /// should not hold.
    pub(super) fn append(&mut self, values: &[f32], table: &Path) -> Result<()> {
        if let Store::Memory(kept) = &self.store
            && kept.len() + values.len() > KEPT
        {
            let folder = folder_of(table);
            let file = tempfile::tempfile_in(folder).or_else(|_| tempfile::tempfile());
            let mut file = file.map_err(|e| unwritable(table, &e))?;
            write(&mut file, kept).map_err(|e| full(table, &e))?;
            self.store = Store::File(Mutex::new(file));
        }
        match &mut self.store {
            Store::Memory(kept) => kept.extend_from_slice(values),
            Store::File(file) => {
                let file = file.get_mut().unwrap_or_else(PoisonError::into_inner);
                write(file, values).map_err(|e| full(table, &e))?;
            }
        }
        self.count += values.len();
        Ok(())
    }

    /// The numbers of some rows.
    pub(super) fn read(&self, rows: Range<usize>) -> Result<Cow<'_, [f32]>> {
        let (start, end) = (rows.start * self.dim, rows.end * self.dim);
        match &self.store {
            Store::Memory(kept) => Ok(Cow::Borrowed(&kept[start..end])),
            Store::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let mut bytes = vec![0; 4 * (end - start)];
                let read = file
                    .seek(SeekFrom::Start(4 * start as u64))
                    .and_then(|_| file.read_exact(&mut bytes));
                read.map_err(|e| {
                    Error::Failed(format!("the copy of the embeddings cannot be read: {e}"))
                })?;
                let numbers = bytes.as_chunks::<4>().0.iter();
                Ok(Cow::Owned(
                    numbers.map(|b| f32::from_le_bytes(*b)).collect(),
                ))
            }
        }
    }
}

fn write(file: &mut File, values: &[f32]) -> std::io::Result<()> {
    for part in values.chunks(1 << 20) {
        let bytes: Vec<u8> = part.iter().flat_map(|v| v.to_le_bytes()).collect();
        file.write_all(&bytes)?;
    }
    Ok(())
}

fn full(table: &Path, error: &std::io::Error) -> Error {
    let problem = format!(
        "a copy of its numbers beside it cannot be written ({error}); make room there, or for temporary files"
    );
    Error::data(table, problem)
}
