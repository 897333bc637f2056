//! A file read at given offsets from several threads at once.

use std::fs::File;
use std::io;
use std::path::Path;

/// Bytes that can be read anywhere: a file left on disk, or a buffer (what a `.gz` file was unpacked to).
#[derive(Debug)]
pub(super) enum Bytes {
    /// Read where asked, never as a whole.
    File(Shared),
    /// Already in memory.
    Memory(Vec<u8>),
}

impl Bytes {
    /// Open a file for positional reads and tell its length in bytes.
    pub(super) fn open(path: &Path) -> io::Result<(Self, u64)> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((Self::of(file), length))
    }

    /// A file that is already open, whatever its name; it is read where asked.
    pub(super) fn of(file: File) -> Self {
        Self::File(Shared::new(file))
    }

    /// Fill `buffer` from `offset` on.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(buffer, offset),
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let part = start
                    .checked_add(buffer.len())
                    .and_then(|end| bytes.get(start..end));
                buffer.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// A file that threads share: `pread` on Unix.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Shared(File);

#[cfg(unix)]
impl Shared {
    fn new(file: File) -> Self {
        Self(file)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, offset)
    }
}

/// A file that threads share: seek and read under a lock.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Shared(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl Shared {
    fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}
