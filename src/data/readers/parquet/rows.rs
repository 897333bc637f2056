//! Encoded images, or paths of images, of a run of rows.

use crate::data::readers::run_cache::Held;

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

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.paths.shrink_to_fit();
    }
}

impl Held for Rows {
    fn size(&self) -> usize {
        self.bytes.capacity() + (self.ends.capacity() + self.paths.capacity()) * size_of::<usize>()
    }
}
