//! Encoded bytes (JPEG, PNG, WebP, BMP, GIF, TIFF, PNM) to an [`Image`].

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::error::{
    ImageError, ImageFormatHint, LimitError, LimitErrorKind, UnsupportedError, UnsupportedErrorKind,
};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

use super::image::Image;
use super::tiff::{is_reversed, is_tiff, kind};
use super::white::{WHITE, stretched};
use super::whole;

/// Largest width and height accepted, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Most memory one decoder may ask for, in bytes.
pub const MAX_ALLOC: u64 = 512 << 20;

/// The way out of a format that is not read.
const SAVE: &str = "save it as PNG or JPEG";

/// What is wrong with floating-point pictures on another scale.
const OUTSIDE: &str = "values outside 0 to 1";

/// Decode one image, upright (EXIF orientation applied), in grey (`channels` 1) or colour (`channels` 3).
///
/// Transparency is dropped, as `convert("RGB")` of Pillow drops it. Pictures above [`MAX_SIDE`] or [`MAX_ALLOC`] are refused before their pixels are allocated.
///
/// # Errors
/// A sentence without the path, which the caller knows: unknown format, corrupt or truncated data, a size above the limits.
pub fn decode(bytes: &[u8], channels: usize) -> Result<Image, String> {
    decode_within(bytes, channels, WHITE)
}

/// As [`decode`], with the value `white` of 16-bit pictures white.
///
/// # Errors
/// As [`decode`].
pub fn decode_within(bytes: &[u8], channels: usize, white: u16) -> Result<Image, String> {
    if bytes.is_empty() {
        return Err("the image is empty (0 bytes)".into());
    }
    whole::check(bytes)?;
    if is_tiff(bytes) && is_reversed(bytes) {
        return Err(format!(
            "a TIFF file whose bytes have their bits reversed (FillOrder 2) is not read; {SAVE}"
        ));
    }
    // Decoders can panic on hostile bytes: that is one more corrupt image, not the end of a run.
    match catch_unwind(AssertUnwindSafe(|| pixels(bytes, channels, white))) {
        Ok(Ok(image)) => Ok(image),
        Ok(Err(ImageError::Limits(_))) => Err(format!(
            "the image is too large: more than {MAX_SIDE} pixels wide or high, or {} MiB unpacked; scale it down",
            MAX_ALLOC >> 20
        )),
        Ok(Err(ImageError::Unsupported(error))) => Err(unread(bytes, &error)),
        Ok(Err(error)) => Err(format!("cannot decode the image: {error}")),
        Err(_) => Err("cannot decode the image: its decoder panicked".into()),
    }
}

/// Why pictures of this kind are not read.
fn unread(bytes: &[u8], error: &UnsupportedError) -> String {
    let Some(kind) = kind(bytes).filter(|_| is_tiff(bytes)) else {
        return format!("this kind of image file is not read ({error}); {SAVE}");
    };
    match error.kind() {
        UnsupportedErrorKind::GenericFeature(why) if why == OUTSIDE => {
            format!("{kind}, is not read where it has {OUTSIDE}; {SAVE}")
        }
        _ => format!("{kind}, is not read; {SAVE}"),
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

fn pixels(bytes: &[u8], channels: usize, white: u16) -> ImageResult<Image> {
    let mut decoder = decoder(bytes)?;
    let orientation = if bytes.starts_with(&[0xff, 0xd8]) && !jpeg_has_exif(bytes) {
        Orientation::NoTransforms // asking the decoder parses all headers once more
    } else {
        decoder.orientation().unwrap_or(Orientation::NoTransforms)
    };
    let stored = match decoder.color_type() {
        ColorType::L8 => 1,
        ColorType::Rgb8 => 3,
        _ => 0,
    };
    if stored > 0 && orientation == Orientation::NoTransforms {
        let (width, height) = decoder.dimensions();
        let mut pixels = vec![0; width as usize * height as usize * stored];
        decoder.read_image(&mut pixels)?;
        let image = Image {
            width: width as usize,
            height: height as usize,
            channels: stored,
            pixels,
        };
        return Ok(image.with_channels(channels));
    }
    let mut picture = DynamicImage::from_decoder(decoder)?;
    check_floats(&picture)?;
    picture.apply_orientation(orientation);
    Ok(convert(stretched(picture, white), channels))
}

/// Refuse floating-point values that have no place between black (0) and white (1): clipping would lose them.
fn check_floats(picture: &DynamicImage) -> ImageResult<()> {
    let values: &[f32] = match picture {
        DynamicImage::ImageRgb32F(picture) => picture.as_raw(),
        DynamicImage::ImageRgba32F(picture) => picture.as_raw(),
        _ => return Ok(()),
    };
    if values.iter().all(|value| (0.0..=1.0).contains(value)) {
        return Ok(());
    }
    let kind = UnsupportedErrorKind::GenericFeature(OUTSIDE.into());
    let error = UnsupportedError::from_format_and_kind(ImageFormatHint::Unknown, kind);
    Err(ImageError::Unsupported(error))
}

fn convert(picture: DynamicImage, channels: usize) -> Image {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let grey = !picture.color().has_color();
    let (stored, pixels) = if grey {
        (1, picture.into_luma8().into_raw())
    } else {
        (3, picture.into_rgb8().into_raw())
    };
    Image {
        width,
        height,
        channels: stored,
        pixels,
    }
    .with_channels(channels)
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
