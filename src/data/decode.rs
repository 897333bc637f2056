//! Encoded bytes (JPEG, PNG, WebP, BMP, GIF, TIFF, PNM, npy, DICOM) to an [`Image`].

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::tiff::TiffError;
use image::error::{
    DecodingError, ImageError, ImageFormatHint, LimitError, LimitErrorKind, UnsupportedError,
    UnsupportedErrorKind,
};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

use super::dicom::{self, is_dicom};
use super::image::Image;
pub use super::limits::{MAX_ALLOC, MAX_SIDE};
use super::npy_picture::{self, is_npy};
use super::stored::{Stored, Values};
use super::tiff::{self, is_reversed, is_tiff, kind};
use super::whole;

/// The way out of a format that is not read.
const SAVE: &str = "save it as PNG or JPEG";

const PANICKED: &str = "cannot decode the image: its decoder panicked";

/// Decode one image, upright (EXIF orientation applied), in grey (`channels` 1), colour (`channels` 3), or with the channels
/// that are stored.
///
/// Values of 8 bits stay bytes, those of 16 bits and floating point become floats between 0 and 1. Transparency is
/// dropped, as `convert("RGB")` of Pillow drops it. Pictures above [`MAX_SIDE`] or [`MAX_ALLOC`] are refused before their
/// pixels are allocated.
///
/// # Errors
/// A sentence without the path, which the caller knows: unknown format, corrupt or truncated data, a size above the
/// limits, other channels than those asked for.
pub fn decode(bytes: &[u8], channels: usize) -> Result<Image, String> {
    decode_within(bytes, channels, None)
}

/// As [`decode`], with the value `range` of 16-bit and floating-point pictures white; without it 65535 and 1.
///
/// # Errors
/// As [`decode`].
pub fn decode_within(bytes: &[u8], channels: usize, range: Option<u32>) -> Result<Image, String> {
    stored(bytes)?.into_image(channels, range)
}

/// The picture in `bytes`, upright, as it is stored.
///
/// # Errors
/// As [`decode`], but for channels and ranges of floating-point values.
pub fn stored(bytes: &[u8]) -> Result<Stored, String> {
    if bytes.is_empty() {
        return Err("the image is empty (0 bytes)".into());
    }
    if is_npy(bytes) {
        return npy_picture::read(bytes);
    }
    if is_dicom(bytes) {
        // Decoders can panic on hostile bytes: that is one more corrupt image, not the end of a run.
        return catch_unwind(|| dicom::read(bytes)).unwrap_or_else(|_| Err(PANICKED.into()));
    }
    whole::check(bytes)?;
    if is_tiff(bytes) && is_reversed(bytes) {
        return Err(format!(
            "a TIFF file whose bytes have their bits reversed (FillOrder 2) is not read; {SAVE}"
        ));
    }
    match catch_unwind(AssertUnwindSafe(|| pixels(bytes))) {
        Ok(Ok(picture)) => Ok(picture),
        Ok(Err(ImageError::Limits(_))) => Err(format!(
            "the image is too large: more than {MAX_SIDE} pixels wide or high, or {} MiB unpacked; scale it down",
            MAX_ALLOC >> 20
        )),
        Ok(Err(ImageError::Unsupported(error))) => Err(unread(bytes, &error)),
        Ok(Err(error)) => Err(format!("cannot decode the image: {error}")),
        Err(_) => Err(PANICKED.into()),
    }
}

/// Why pictures of this kind are not read.
fn unread(bytes: &[u8], error: &UnsupportedError) -> String {
    match kind(bytes).filter(|_| is_tiff(bytes)) {
        Some(kind) => format!("{kind}, is not read; {SAVE}"),
        None => format!("this kind of image file is not read ({error}); {SAVE}"),
    }
}

/// The decoder of `bytes`, its sizes within [`MAX_SIDE`] and [`MAX_ALLOC`].
pub(super) fn decoder(bytes: &[u8]) -> ImageResult<impl ImageDecoder> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    if is_tiff(bytes) {
        reader.set_format(ImageFormat::Tiff); // also with 64-bit offsets, which are not guessed
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    if decoder.total_bytes() > MAX_ALLOC {
        let kind = LimitErrorKind::InsufficientMemory;
        return Err(ImageError::Limits(LimitError::from_kind(kind)));
    }
    Ok(decoder)
}

fn pixels(bytes: &[u8]) -> ImageResult<Stored> {
    if is_tiff(bytes)
        && let Some(picture) = tiff::read(bytes).map_err(of_tiff)?
    {
        return Ok(picture);
    }
    let mut decoder = decoder(bytes)?;
    let orientation = if bytes.starts_with(&[0xff, 0xd8]) && !jpeg_has_exif(bytes) {
        Orientation::NoTransforms // asking the decoder parses all headers once more
    } else {
        decoder.orientation().unwrap_or(Orientation::NoTransforms)
    };
    let plain = match decoder.color_type() {
        ColorType::L8 => 1,
        ColorType::Rgb8 => 3,
        _ => 0,
    };
    if plain > 0 && orientation == Orientation::NoTransforms {
        let (width, height) = decoder.dimensions();
        let mut values = vec![0; width as usize * height as usize * plain];
        decoder.read_image(&mut values)?;
        return Ok(Stored {
            width: width as usize,
            height: height as usize,
            channels: plain,
            opacity: false,
            values: Values::Bits8(values),
        });
    }
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Stored::of(picture).ok_or_else(|| {
        let kind = UnsupportedErrorKind::GenericFeature("values of an unusual kind".into());
        let error = UnsupportedError::from_format_and_kind(ImageFormatHint::Unknown, kind);
        ImageError::Unsupported(error)
    })
}

/// What is wrong with a TIFF file, in the words of the other formats.
fn of_tiff(error: TiffError) -> ImageError {
    let format = ImageFormat::Tiff;
    match error {
        TiffError::LimitsExceeded => {
            ImageError::Limits(LimitError::from_kind(LimitErrorKind::InsufficientMemory))
        }
        TiffError::IoError(error) => ImageError::IoError(error),
        TiffError::UnsupportedError(problem) => {
            let kind = UnsupportedErrorKind::GenericFeature(problem.to_string());
            let error = UnsupportedError::from_format_and_kind(format.into(), kind);
            ImageError::Unsupported(error)
        }
        other => ImageError::Decoding(DecodingError::new(format.into(), other)),
    }
}

/// Whether an APP1 `Exif` segment stands before the scan of a JPEG file.
fn jpeg_has_exif(bytes: &[u8]) -> bool {
    let mut at = 2; // after the start-of-image marker
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        if marker == 0xda {
            return false; // the scan starts: no more headers
        }
        if marker == 0xe1 && bytes.get(at + 4..at + 8) == Some(b"Exif") {
            return true;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    // Fill bytes or a broken header: let the decoder look for itself.
    true
}
