//! A file whose length and digest are known when it is written.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::atomic::AtomicFile;
use crate::error::Result;

/// A file under construction, and what was written to it so far.
pub(super) struct Hashed {
    file: AtomicFile,
    hash: Sha256,
    length: u64,
}

impl Hashed {
    pub(super) fn create(path: &Path) -> Result<Self> {
        Ok(Self {
            file: AtomicFile::create(path)?,
            hash: Sha256::new(),
            length: 0,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Put it under its final name; its length and its SHA-256.
    pub(super) fn commit(self) -> Result<(u64, String)> {
        self.file.commit()?;
        let digest = self.hash.finalize().into_iter();
        let text = digest.fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok((self.length, text))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
