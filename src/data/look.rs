//! What a picture as it is stored has, and its decoded pixels do not show.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{
    AnimationDecoder, ColorType, DynamicImage, ImageBuffer, ImageDecoder, ImageFormat, Pixel,
};
use serde::Serialize;

use super::dataset::Dataset;
use super::decode::decoder;
use super::tiff::has_pages;

/// What was found in one stored picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Largest value of a picture with 16 bits a channel, transparency left out.
    pub highest: Option<u16>,
    /// Whether some of its pixels are transparent, wholly or partly.
    pub transparent: bool,
    /// Whether its file holds more pages or frames than the first, which is what is read.
    pub more: bool,
    /// Channels and bits; `None` where no header says them.
    pub depth: Option<Depth>,
}

/// Channels of a picture as it is stored, transparency counted, and bits of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Depth {
    /// Channels.
    pub channels: u8,
    /// Bits of a channel.
    pub bits: u16,
}

impl Look {
    /// Look at image `index` of `data`; of bare pixels, and of an image that cannot be read, nothing is found.
    pub(super) fn of_stored(data: &dyn Dataset, index: usize) -> Self {
        let bytes = data.file_bytes(index).ok().flatten();
        bytes.map_or_else(Self::default, |bytes| Self::at(&bytes))
    }

    /// Look at the encoded bytes of a picture; of one that cannot be read nothing is found.
    #[must_use]
    pub fn at(bytes: &[u8]) -> Self {
        // Decoders can panic on hostile bytes.
        let look = catch_unwind(AssertUnwindSafe(|| at(bytes)));
        look.ok().flatten().unwrap_or_default()
    }
}

fn at(bytes: &[u8]) -> Option<Look> {
    let decoder = decoder(bytes).ok()?;
    let stored = decoder.original_color_type();
    let channels = stored.channel_count();
    let depth = Depth {
        channels,
        bits: stored.bits_per_pixel() / u16::from(channels.max(1)),
    };
    let found = if matches!(decoder.color_type(), ColorType::L8 | ColorType::Rgb8) {
        Look::default()
    } else {
        pixels(decoder)?
    };
    Some(Look {
        depth: Some(depth),
        more: has_more(bytes),
        ..found
    })
}

/// Whether a file holds a second page or frame.
fn has_more(bytes: &[u8]) -> bool {
    let from = || Cursor::new(bytes);
    match image::guess_format(bytes) {
        Ok(ImageFormat::Tiff) => has_pages(bytes),
        Ok(ImageFormat::Gif) => {
            GifDecoder::new(from()).is_ok_and(|gif| gif.into_frames().take(2).count() > 1)
        }
        Ok(ImageFormat::WebP) => WebPDecoder::new(from()).is_ok_and(|webp| webp.has_animation()),
        Ok(ImageFormat::Png) => {
            PngDecoder::new(from()).is_ok_and(|png| png.is_apng().unwrap_or(false))
        }
        _ => false,
    }
}

/// What only the pixels tell.
fn pixels(decoder: impl ImageDecoder) -> Option<Look> {
    Some(match DynamicImage::from_decoder(decoder).ok()? {
        DynamicImage::ImageLumaA8(picture) => Look::of(None, fades(&picture, u8::MAX)),
        DynamicImage::ImageRgba8(picture) => Look::of(None, fades(&picture, u8::MAX)),
        DynamicImage::ImageRgba32F(picture) => Look::of(None, fades(&picture, 1.0)),
        DynamicImage::ImageLuma16(picture) => Look::of(Some(top(&picture)), false),
        DynamicImage::ImageRgb16(picture) => Look::of(Some(top(&picture)), false),
        DynamicImage::ImageLumaA16(picture) => {
            Look::of(Some(top(&picture)), fades(&picture, u16::MAX))
        }
        DynamicImage::ImageRgba16(picture) => {
            Look::of(Some(top(&picture)), fades(&picture, u16::MAX))
        }
        _ => Look::default(),
    })
}

impl Look {
    fn of(highest: Option<u16>, transparent: bool) -> Self {
        Self {
            highest,
            transparent,
            ..Self::default()
        }
    }
}

/// Whether a pixel has less than the `full` value of opacity, which stands last in it.
fn fades<P: Pixel>(picture: &ImageBuffer<P, Vec<P::Subpixel>>, full: P::Subpixel) -> bool {
    let mut opacities = picture.pixels().filter_map(|pixel| pixel.channels().last());
    opacities.any(|&opacity| opacity < full)
}

fn top<P: Pixel<Subpixel = u16>>(picture: &ImageBuffer<P, Vec<u16>>) -> u16 {
    let colors = usize::from(P::CHANNEL_COUNT) - usize::from(P::HAS_ALPHA);
    let pixels = picture.pixels();
    let values = pixels.flat_map(|pixel| pixel.channels()[..colors].iter().copied());
    values.max().unwrap_or(0)
}
