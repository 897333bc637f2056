//! Pictures in PPM (P6, 8 bits) one after the other.

use std::io::{self, BufRead, ErrorKind, Read};

use crate::data::limits::{MAX_ALLOC, MAX_SIDE};

/// A header is no longer than this: `P6`, two sizes and 255.
const HEADER: u64 = 64;

/// Width and height of the next picture, whose pixels follow; `None` at the end.
///
/// # Errors
/// Bytes that are no PPM of 8 bits, and pictures above the limits of pictures.
pub(super) fn header(source: &mut impl BufRead) -> io::Result<Option<(u32, u32)>> {
    if source.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut limited = Read::take(&mut *source, HEADER);
    let mut word = || -> io::Result<String> {
        let mut text = Vec::new();
        while let Some(&byte) = limited.fill_buf()?.first() {
            limited.consume(1);
            if byte.is_ascii_whitespace() {
                return String::from_utf8(text).map_err(|_| foreign());
            }
            text.push(byte);
        }
        if limited.limit() == 0 {
            return Err(foreign());
        }
        Err(ErrorKind::UnexpectedEof.into())
    };
    if word()? != "P6" {
        return Err(foreign());
    }
    let [width, height, white] = [word()?, word()?, word()?];
    let side = |text: &str| text.parse::<u32>().ok().filter(|&side| side > 0);
    let (Some(width), Some(height)) = (side(&width), side(&height)) else {
        return Err(foreign());
    };
    if white != "255" {
        return Err(foreign());
    }
    if width.max(height) > MAX_SIDE || bytes(width, height) > MAX_ALLOC {
        return Err(io::Error::other(format!(
            "its frames of {width}×{height} are too large: more than {MAX_SIDE} pixels wide or high, or {} MiB; scale it down",
            MAX_ALLOC >> 20
        )));
    }
    Ok(Some((width, height)))
}

/// Bytes of the pixels of a picture.
pub(super) fn bytes(width: u32, height: u32) -> u64 {
    3 * u64::from(width) * u64::from(height)
}

fn foreign() -> io::Error {
    io::Error::other(
        "the program `ffmpeg` on PATH hands out no PPM; is it that of https://ffmpeg.org?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &[u8]) -> Result<Option<(u32, u32)>, String> {
        header(&mut &*text).map_err(|e| e.to_string())
    }

    #[test]
    fn sizes_are_read_up_to_the_pixels_and_within_the_limits() {
        let mut pictures = &b"P6\n2 1\n255\nabcdefP6\n1 1\n255\nxyz"[..];
        assert_eq!(header(&mut pictures).unwrap(), Some((2, 1)));
        pictures = &pictures[6..];
        assert_eq!(header(&mut pictures).unwrap(), Some((1, 1)));
        assert_eq!(pictures, b"xyz");
        assert_eq!(of(b""), Ok(None));
        for wrong in [
            &b"P5\n1 1\n255\n"[..],
            b"P6\n1 1\n65535\n",
            b"P6\n0 1\n255\n",
            b"hello there",
            &[b'P'; 1000],
        ] {
            assert!(of(wrong).unwrap_err().contains("no PPM"), "{wrong:?}");
        }
        assert!(of(b"P6\n16385 1\n255\n").unwrap_err().contains("too large"));
        assert!(
            of(b"P6\n16384 16384\n255\n")
                .unwrap_err()
                .contains("too large")
        );
        assert!(of(b"P6\n2").unwrap_err().contains("end of file"));
    }
}
