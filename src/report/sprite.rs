//! Small pictures on one sheet, and pictures as addresses that hold them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{self, FilterType as Resampling};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use crate::error::{Error, Result};

/// Pictures of at most so many pixels a side are written without loss.
const SHARP: u32 = 24;
/// Largest side of a small picture.
const LARGEST: u32 = 64;
/// Sides are whole numbers of these, the blocks of JPEG with halved colours: neighbors do not bleed into each other.
const BLOCK: u32 = 16;
const QUALITY: u8 = 85;
/// Largest side of a picture by itself.
const ALONE: u32 = 160;

/// Pictures of one size, row by row.
pub(super) struct Sprite {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Pixels of a picture's side.
    pub(super) side: u32,
    /// `data:image/…`.
    pub(super) address: String,
}

impl Sprite {
    /// A sheet of `pictures`; each is fitted into a square.
    ///
    /// # Errors
    /// A picture that cannot be written.
    pub(super) fn of(pictures: &[RgbImage]) -> Result<Self> {
        let largest = pictures.iter().map(|p| p.width().max(p.height())).max();
        let side = largest
            .unwrap_or(BLOCK)
            .clamp(BLOCK, LARGEST)
            .next_multiple_of(BLOCK)
            .min(LARGEST);
        let columns = (pictures.len() as f64).sqrt().ceil().max(1.0) as u32;
        let rows = (pictures.len() as u32).div_ceil(columns).max(1);
        let mut sheet = RgbImage::new(columns * side, rows * side);
        for (picture, i) in pictures.iter().zip(0..) {
            let (x, y) = (i % columns * side, i / columns * side);
            let small = fitted(picture, side);
            imageops::replace(&mut sheet, &small, i64::from(x), i64::from(y));
        }
        let native = largest.unwrap_or(0);
        Ok(Self {
            columns: columns as usize,
            rows: rows as usize,
            side,
            address: address(&sheet, native <= SHARP)?,
        })
    }
}

/// `picture` with its longer side of `side` pixels, in the middle of a square.
fn fitted(picture: &RgbImage, side: u32) -> RgbImage {
    let longest = picture.width().max(picture.height()).max(1);
    let scaled = |length: u32| (length * side / longest).max(1);
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    let how = if longest <= side {
        Resampling::Nearest
    } else {
        Resampling::Triangle
    };
    let small = imageops::resize(picture, width, height, how);
    let mut square = RgbImage::new(side, side);
    let (x, y) = ((side - width) / 2, (side - height) / 2);
    imageops::replace(&mut square, &small, i64::from(x), i64::from(y));
    square
}

/// `picture`, or a smaller one of it, as an address that holds it.
///
/// # Errors
/// A picture that cannot be written.
pub(super) fn alone(picture: &RgbImage) -> Result<String> {
    let longest = picture.width().max(picture.height());
    if longest <= ALONE {
        return address(picture, longest <= SHARP);
    }
    let scaled = |length: u32| (length * ALONE / longest).max(1);
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    address(
        &imageops::resize(picture, width, height, Resampling::Triangle),
        false,
    )
}

fn address(picture: &RgbImage, sharp: bool) -> Result<String> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    let (kind, written) = if sharp {
        let encoder =
            PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
        (
            "png",
            encoder.write_image(picture, width, height, ExtendedColorType::Rgb8),
        )
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        (
            "jpeg",
            encoder.write_image(picture, width, height, ExtendedColorType::Rgb8),
        )
    };
    written.map_err(|e| Error::Failed(format!("a picture cannot be written: {e}")))?;
    Ok(format!(
        "data:image/{kind};base64,{}",
        STANDARD.encode(bytes)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_keep_their_pixels() -> Result<()> {
        let red = RgbImage::from_pixel(8, 8, image::Rgb([255, 0, 0]));
        let blue = RgbImage::from_pixel(8, 4, image::Rgb([0, 0, 255]));
        let sprite = Sprite::of(&[red, blue])?;
        assert_eq!((sprite.columns, sprite.rows, sprite.side), (2, 1, 16));
        let (_, text) = sprite.address.split_once("base64,").unwrap_or_default();
        let bytes = STANDARD.decode(text).unwrap_or_default();
        let sheet = image::load_from_memory(&bytes).map(image::DynamicImage::into_rgb8);
        let sheet = sheet.map_err(|e| Error::Failed(e.to_string()))?;
        assert_eq!(sheet.get_pixel(15, 15).0, [255, 0, 0]);
        assert_eq!(sheet.get_pixel(24, 8).0, [0, 0, 255]);
        assert_eq!(sheet.get_pixel(24, 0).0, [0, 0, 0]); // above the wide one
        Ok(())
    }
}
