//! Tags of a TIFF file.

use std::io::Cursor;

use tiff::decoder::Decoder;
use tiff::tags::Tag;

/// The first number of a tag.
pub(super) fn number(file: &mut Decoder<Cursor<&[u8]>>, tag: Tag) -> Option<u64> {
    let values = file.find_tag_unsigned_vec(tag).ok()?;
    values?.first().copied()
}
