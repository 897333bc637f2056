//! Where the pictures of one part lie in their archives.

/// Largest file read as one picture, in bytes.
const MOST: u32 = 256 << 20;

/// Stand for the sizes of pictures that are not read.
const TOO_LARGE: u32 = u32::MAX;
const SPARSE: u32 = u32::MAX - 1;

/// Place and key of every picture: 20 bytes and its key each.
#[derive(Debug, Default)]
pub(super) struct Index {
    keys: String, // one after the other
    ends: Vec<usize>,
    at: Vec<u64>,
    sizes: Vec<u32>,
}

impl Index {
    /// Add the picture of sample `key`, `size` bytes from `at` on, which may be stored with its zeros left out.
    pub(super) fn push(&mut self, key: &str, at: u64, size: u64, sparse: bool) {
        self.keys.push_str(key);
        self.ends.push(self.keys.len());
        self.at.push(at);
        let size = u32::try_from(size).ok().filter(|&size| size <= MOST);
        let readable = size.unwrap_or(TOO_LARGE);
        self.sizes.push(if sparse { SPARSE } else { readable });
    }

    /// Give back the room for more.
    pub(super) fn shrink(&mut self) {
        self.keys.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.at.shrink_to_fit();
        self.sizes.shrink_to_fit();
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn key(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[start..self.ends[index]]
    }

    /// Where a picture starts in its archive, and its bytes.
    ///
    /// # Errors
    /// It is too large, or has its zeros left out.
    pub(super) fn place(&self, index: usize) -> Result<(u64, usize), String> {
        match self.sizes[index] {
            TOO_LARGE => Err(format!(
                "more than {} MiB are too many for one image; scale it down",
                MOST >> 20
            )),
            SPARSE => Err(
                "is stored as a sparse file, which is not read; write the archive without --sparse"
                    .into(),
            ),
            size => Ok((self.at[index], size as usize)),
        }
    }
}
