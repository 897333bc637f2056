//! What a picture as it is stored has, and its decoded pixels do not show.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ColorType, ImageDecoder, ImageFormat};
use serde::Serialize;

use super::decode::{decoder, stored};
use super::dicom::{self, is_dicom};
use super::stored::Stored;
use super::tiff::{has_pages, is_tiff};

/// What was found in one stored picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Largest value of a picture with 16 bits a channel, transparency left out.
    pub highest: Option<u16>,
    /// Whether some of its pixels are transparent, wholly or partly.
    pub transparent: bool,
    /// Whether its file holds more pages or frames than the first, which is what is read.
    pub more: bool,
    /// Channels without transparency; `None` where it cannot be read.
    pub channels: Option<usize>,
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
    /// Look at a picture that was read.
    pub(super) fn of(picture: &Stored) -> Self {
        Self {
            highest: picture.highest(),
            transparent: picture.fades(),
            more: false,
            channels: Some(picture.channels - usize::from(picture.opacity)),
            depth: Some(Depth {
                channels: picture.channels as u8,
                bits: picture.bits(),
            }),
        }
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
    if is_dicom(bytes) {
        let header = dicom::announced(bytes)?;
        return Some(Look {
            channels: Some(header.channels),
            depth: Some(Depth {
                channels: header.channels as u8,
                bits: header.bits as u16,
            }),
            more: header.frames > 1,
            ..Look::default()
        });
    }
    let header = decoder(bytes).ok().filter(|_| !is_tiff(bytes));
    let plain = match header.as_ref().map(ImageDecoder::color_type) {
        Some(ColorType::L8) => Some(1),
        Some(ColorType::Rgb8) => Some(3),
        _ => None,
    };
    let look = if plain.is_some() {
        Look {
            channels: plain,
            ..Look::default()
        }
    } else {
        Look::of(&stored(bytes).ok()?)
    };
    Some(Look {
        depth: header.as_ref().map(depth).or(look.depth),
        more: has_more(bytes),
        ..look
    })
}

/// What the header says.
fn depth(decoder: &impl ImageDecoder) -> Depth {
    let stored = decoder.original_color_type();
    let channels = stored.channel_count();
    Depth {
        channels,
        bits: stored.bits_per_pixel() / u16::from(channels.max(1)),
    }
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
