//! A tar archive as a stretch of bytes: a whole file, or a piece of one.

use std::io::{self, Read, Seek, SeekFrom};

use crate::data::readers::positional::Bytes;

/// More bytes read on end belong to no header.
const MOST_HEADER: u64 = 16 << 20;

/// A stretch of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    pub(super) bytes: &'a Bytes,
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Stretch<'_> {
    /// The `size` bytes from `at` on.
    pub(super) fn read(&self, at: u64, size: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; size];
        self.bytes.read_exact_at(&mut buffer, self.start + at)?;
        Ok(buffer)
    }
}

/// Reads headers at a place of its own, so that several may look into one stretch.
pub(super) struct Window<'a> {
    stretch: Stretch<'a>,
    at: u64,
    on_end: u64, // bytes read since the last jump
}

impl<'a> Window<'a> {
    pub(super) fn new(stretch: Stretch<'a>) -> Self {
        Self {
            stretch,
            at: 0,
            on_end: 0,
        }
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.stretch.length.saturating_sub(self.at);
        let count = left.min(buffer.len() as u64);
        self.on_end += count;
        if self.on_end > MOST_HEADER {
            let problem = format!("a header of more than {} MiB", MOST_HEADER >> 20);
            return Err(io::Error::other(problem));
        }
        let buffer = &mut buffer[..count as usize];
        let offset = self.stretch.start + self.at;
        self.stretch.bytes.read_exact_at(buffer, offset)?;
        self.at += count;
        Ok(count as usize)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.stretch.length.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.on_end = 0;
        Ok(self.at)
    }
}
