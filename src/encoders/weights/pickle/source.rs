//! The bytes of a pickle.

use std::io::{BufRead, Read as _, Take};

use super::heap::Read;

/// Bytes of a pickle that are read; those of real files have a few million.
const LONGEST: u64 = 256 << 20;

/// Bytes of a name of a module or class.
const NAME: u64 = 4096;

/// What a pickle is read from.
pub(super) struct Source<R>(Take<R>);

impl<R: BufRead> Source<R> {
    pub(super) fn new(source: R) -> Self {
        Self(source.take(LONGEST))
    }

    /// The next `width` bytes, the lowest first.
    pub(super) fn number(&mut self, width: usize) -> Read<u64> {
        let mut bytes = [0; 8];
        let read = self.0.read_exact(&mut bytes[..width]);
        read.map_err(|_| early())?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The next `length` bytes as a text.
    pub(super) fn text(&mut self, length: u64) -> Read<String> {
        let mut bytes = Vec::new();
        let read = self.0.by_ref().take(length).read_to_end(&mut bytes);
        if read.map_err(|_| early())? as u64 != length {
            return Err(early());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Pass over the next `length` bytes.
    pub(super) fn skip(&mut self, length: u64) -> Read<()> {
        let mut passed = self.0.by_ref().take(length);
        match std::io::copy(&mut passed, &mut std::io::sink()) {
            Ok(read) if read == length => Ok(()),
            _ => Err(early()),
        }
    }

    /// The rest of a line.
    pub(super) fn line(&mut self) -> Read<String> {
        let mut bytes = Vec::new();
        let read = self.0.by_ref().take(NAME).read_until(b'\n', &mut bytes);
        read.map_err(|_| early())?;
        match bytes.pop() {
            Some(b'\n') => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            _ => Err("its pickle has a name without an end".into()),
        }
    }
}

fn early() -> String {
    "its pickle ends early: the file was cut short".into()
}
