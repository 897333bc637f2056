//! Colours told to be grey values, so that the decoder gives every sample as it is stored.

/// Tag of what the samples mean, PhotometricInterpretation.
const MEANING: u64 = 262;

/// The same file, whose first picture claims to hold grey values; `None` where its directory is not whole.
///
/// Of four samples and more that are called red, green, blue and something else (as GDAL calls those of 8 bits), the
/// `tiff` crate (0.11.3) gives the first three; of a palette it gives none.
pub(super) fn as_grey(bytes: &[u8]) -> Option<Vec<u8>> {
    let order = Order {
        bytes,
        little: bytes.starts_with(b"II"),
    };
    let big = order.number(2, 2)? == 43;
    let (place, counts, entry, value) = if big { (8, 8, 20, 12) } else { (4, 2, 12, 8) };
    let directory = order.number(place, if big { 8 } else { 4 })? as usize;
    let entries = order.number(directory, counts)?;
    let first = directory.checked_add(counts)?;
    let at = |index: u64| first.checked_add(usize::try_from(index).ok()?.checked_mul(entry)?);
    // A directory has some dozens of entries; a larger number is made up.
    let mut places = (0..entries.min(65_536)).map_while(at);
    let found = places.find(|&at| order.number(at, 2) == Some(MEANING))? + value;
    let mut copy = bytes.to_vec();
    let grey = if order.little { [1, 0] } else { [0, 1] };
    copy.get_mut(found..found + 2)?.copy_from_slice(&grey);
    Some(copy)
}

/// Numbers in the byte order of a file.
struct Order<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Order<'_> {
    /// The number of `length` bytes at `place`.
    fn number(&self, place: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(place..place.checked_add(length)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }
}
