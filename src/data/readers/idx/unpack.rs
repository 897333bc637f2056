//! What a file of images or labels holds, its header checked.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use super::files::gzipped;
use crate::data::readers::positional::Bytes;
use crate::error::{Error, Result};

const IMAGES: u32 = 0x0803; // unsigned bytes, 3 dimensions
const LABELS: u32 = 0x0801; // unsigned bytes, 1 dimension
/// Bytes before the pixels of an images file.
pub(super) const HEADER: u64 = 16;
const LABELS_HEADER: u64 = 8;

/// Most bytes a gzipped file may unpack to; a larger one must be unpacked on disk, where it is streamed.
const MAX_UNPACKED: u64 = 4 << 30;

/// The content, its length, and (count, height, width) of the header.
pub(super) fn open_images(path: &Path) -> Result<(Bytes, u64, [u32; 3])> {
    let problem = |e| Error::data(path, format!("cannot read the IDX file: {e}"));
    let (bytes, length) = if gzipped(path) {
        let bytes = unpack(path)?;
        let length = bytes.len() as u64;
        (Bytes::Memory(bytes), length)
    } else {
        Bytes::open(path).map_err(problem)?
    };
    let mut header = [0; HEADER as usize];
    bytes.read_exact_at(&mut header, 0).map_err(problem)?;
    check_magic(path, word(&header, 0), IMAGES)?;
    Ok((bytes, length, [1, 2, 3].map(|i| word(&header, i))))
}

pub(super) fn read_labels(path: &Path, count: u32) -> Result<Vec<u8>> {
    let expected = u64::from(count) + LABELS_HEADER;
    let mut bytes = if gzipped(path) {
        unpack(path)?
    } else {
        let file = File::open(path).map_err(|e| Error::data(path, e))?;
        let mut bytes = Vec::new();
        // One byte more than belongs there tells a longer file apart without reading all of it.
        file.take(expected + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::data(path, e))?;
        bytes
    };
    if bytes.len() >= LABELS_HEADER as usize {
        check_magic(path, word(&bytes, 0), LABELS)?;
    }
    if bytes.len() as u64 != expected || word(&bytes, 1) != count {
        return Err(Error::data(
            path,
            format!(
                "this labels file does not hold exactly {count} labels, one an image; it is truncated or of another set"
            ),
        ));
    }
    Ok(bytes.split_off(LABELS_HEADER as usize))
}

/// The whole content of a gzipped file; memory grows with what is really there, not with what a header claims.
fn unpack(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| Error::data(path, e))?;
    let mut bytes = Vec::new();
    GzDecoder::new(file)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::data(path, format!("cannot unpack it ({e}); download it again")))?;
    if bytes.len() as u64 > MAX_UNPACKED {
        return Err(Error::data(
            path,
            "unpacks to more than 4 GiB; run gunzip on it, plain files are streamed",
        ));
    }
    Ok(bytes)
}

fn check_magic(path: &Path, found: u32, expected: u32) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::data(
        path,
        format!(
            "starts with {found:#010x} where an IDX file has {expected:#010x}; it is another format or corrupt"
        ),
    ))
}

fn word(bytes: &[u8], i: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[4 * i..4 * i + 4]);
    u32::from_be_bytes(word)
}
