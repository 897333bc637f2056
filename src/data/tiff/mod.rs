//! What a TIFF file holds: the format is a box of many kinds of pictures, of which the decoder reads the usual ones.

mod page;
mod pixels;
mod relabel;
mod tags;

use std::io::Cursor;

use tiff::decoder::Decoder;
use tiff::tags::Tag;

use tags::number;

pub(super) use page::{page, pages};
pub(super) use pixels::read;

/// Whether `bytes` start as TIFF files do, those with 64-bit offsets (BigTIFF) included.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    let starts = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    starts.iter().any(|start| bytes.starts_with(*start))
}

/// The kind of the first picture of a TIFF file in words; `None` where the file cannot be understood.
pub(super) fn kind(bytes: &[u8]) -> Option<String> {
    let mut file = Header::of(bytes)?;
    let colors = match file.number(Tag::PhotometricInterpretation)? {
        0 | 1 => "grey values",
        2 => "RGB colours",
        3 => "colours of a palette",
        4 => "a mask",
        5 => "CMYK colours",
        6 => "YCbCr colours",
        8..=10 => "LAB colours",
        _ => "colours of an unusual kind",
    };
    let samples = file.number(Tag::SamplesPerPixel).unwrap_or(1);
    let bits = file.number(Tag::BitsPerSample).unwrap_or(1);
    let values = match file.number(Tag::SampleFormat) {
        Some(2) => "signed numbers",
        Some(3) => "floating-point numbers",
        Some(5 | 6) => "complex numbers",
        _ => "bits",
    };
    let values = match values {
        "bits" => format!("{bits} bits"),
        numbers => format!("{numbers} of {bits} bits"),
    };
    let packed = match file.number(Tag::Compression) {
        Some(1) | None => "without compression".into(),
        Some(number) => format!("compression {number}"),
    };
    Some(format!(
        "a TIFF file of {colors}, {samples} a pixel in {values}, {packed}"
    ))
}

/// Whether the lowest bit of each byte comes first, which the decoder does not know and would read wrongly.
pub(super) fn is_reversed(bytes: &[u8]) -> bool {
    const JPEG: u64 = 7; // a stream of its own, whose bits always stand as usual
    let reversed = |mut file: Header| {
        file.number(Tag::FillOrder) == Some(2) && file.number(Tag::Compression) != Some(JPEG)
    };
    Header::of(bytes).is_some_and(reversed)
}

/// Whether a picture behind the first is a page of its own, neither a smaller copy nor a mask of one.
pub(super) fn has_pages(bytes: &[u8]) -> bool {
    const COPY_OR_MASK: u64 = 0b101;
    let Some(mut file) = Header::of(bytes) else {
        return false;
    };
    while file.0.more_images() && file.0.next_image().is_ok() {
        if file.number(Tag::NewSubfileType).unwrap_or(0) & COPY_OR_MASK == 0 {
            return true;
        }
    }
    false
}

/// The tags of the first picture.
struct Header<'a>(Decoder<Cursor<&'a [u8]>>);

impl<'a> Header<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        Decoder::new(Cursor::new(bytes)).ok().map(Self)
    }

    fn number(&mut self, tag: Tag) -> Option<u64> {
        number(&mut self.0, tag)
    }
}
