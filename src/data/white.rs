//! What is white in pictures of 16 bits a channel.

use image::{DynamicImage, ImageBuffer, Pixel};

/// What is white in a 16-bit picture where nothing else is said.
pub(super) const WHITE: u16 = u16::MAX;

/// The same picture with the value `white` of its 16 bits white; others of 8 bits as they are.
pub(super) fn stretched(picture: DynamicImage, white: u16) -> DynamicImage {
    if white == WHITE {
        return picture;
    }
    match picture {
        DynamicImage::ImageLuma16(picture) => DynamicImage::ImageLuma16(stretch(picture, white)),
        DynamicImage::ImageLumaA16(picture) => DynamicImage::ImageLumaA16(stretch(picture, white)),
        DynamicImage::ImageRgb16(picture) => DynamicImage::ImageRgb16(stretch(picture, white)),
        DynamicImage::ImageRgba16(picture) => DynamicImage::ImageRgba16(stretch(picture, white)),
        other => other,
    }
}

fn stretch<P: Pixel<Subpixel = u16>>(
    mut picture: ImageBuffer<P, Vec<u16>>,
    white: u16,
) -> ImageBuffer<P, Vec<u16>> {
    let (white, full) = (u32::from(white.max(1)), u32::from(WHITE));
    let value = |value: u16| ((u32::from(value).min(white) * full + white / 2) / white) as u16;
    for pixel in picture.pixels_mut() {
        pixel.apply_without_alpha(value);
    }
    picture
}
