//! Pictures of 16 bits a channel: how much of their range is in use.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageReader, Limits, Pixel};
use rayon::prelude::*;
use serde::Serialize;

use super::dataset::Dataset;
use super::decode::{MAX_ALLOC, MAX_SIDE};
use super::white::WHITE;

/// How much of the range of 16 bits the pictures of a set use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RangeInUse {
    /// Pictures of 16 bits.
    pub pictures: usize,
    /// Pictures that were looked at.
    pub of: usize,
    /// Largest value in them.
    pub highest: u16,
    /// That value as a share of 65535.
    pub share: f64,
}

impl RangeInUse {
    /// Of at most `at_most` pictures of `data`, evenly spaced in storage order; `None` where none has 16 bits.
    #[must_use]
    pub fn measure(data: &dyn Dataset, at_most: usize) -> Option<Self> {
        let of = data.len().min(at_most.max(1));
        let place = |i: usize| (i as u128 * data.len() as u128 / of as u128) as usize;
        let looked = (0..of).into_par_iter().with_min_len(64);
        let found = looked.filter_map(|i| highest(&data.file_bytes(place(i)).ok()??));
        let (pictures, highest) = found
            .map(|highest| (1, highest))
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1.max(b.1)));
        Self::found(pictures, of, highest)
    }

    /// What so many `pictures` of 16 bits among `of` come to, the `highest` value of which is known.
    pub(super) fn found(pictures: usize, of: usize, highest: u16) -> Option<Self> {
        (pictures > 0).then_some(Self {
            pictures,
            of,
            highest,
            share: f64::from(highest) / f64::from(WHITE),
        })
    }

    /// A sentence for the user, with the key where most of the range lies idle.
    #[must_use]
    pub fn sentence(&self) -> String {
        let seen = format!(
            "{} of {} pictures have 16 bits, with values up to {}: {:.1} % of the range",
            self.pictures,
            self.of,
            self.highest,
            100.0 * self.share
        );
        match self.narrower() {
            Some(white) => {
                format!("{seen}; --set data.range={white} makes that value white instead of 65535")
            }
            None => seen,
        }
    }

    /// The smallest power of two above all values, where that leaves half of the range unused or more.
    #[must_use]
    pub fn narrower(&self) -> Option<u32> {
        let white = (u32::from(self.highest) + 1).next_power_of_two();
        (white < u32::from(WHITE)).then_some(white)
    }
}

/// Channels of a picture as it is stored, transparency counted, and bits of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Depth {
    /// Channels.
    pub channels: u8,
    /// Bits of a channel.
    pub bits: u16,
}

impl Depth {
    /// Of a picture file, by its header; `None` where it has none that can be read.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let read = || {
            let kind = header(bytes)?.original_color_type();
            let channels = kind.channel_count();
            Some(Self {
                channels,
                bits: kind.bits_per_pixel() / u16::from(channels.max(1)),
            })
        };
        catch_unwind(AssertUnwindSafe(read)).ok().flatten()
    }
}

/// The decoder of a picture file, its header read.
fn header(bytes: &[u8]) -> Option<impl ImageDecoder> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    reader.into_decoder().ok()
}

/// Largest value of a picture of 16 bits a channel, transparency left out; `None` for others and for unreadable ones.
pub(super) fn highest(bytes: &[u8]) -> Option<u16> {
    if bytes.starts_with(&[0xff, 0xd8]) {
        return None; // JPEG
    }
    let read = || {
        let decoder = header(bytes)?;
        let kind = decoder.color_type();
        let deep = kind.bytes_per_pixel() == 2 * kind.channel_count();
        if !deep || decoder.total_bytes() > MAX_ALLOC {
            return None;
        }
        match DynamicImage::from_decoder(decoder).ok()? {
            DynamicImage::ImageLuma16(picture) => Some(top(&picture)),
            DynamicImage::ImageLumaA16(picture) => Some(top(&picture)),
            DynamicImage::ImageRgb16(picture) => Some(top(&picture)),
            DynamicImage::ImageRgba16(picture) => Some(top(&picture)),
            _ => None,
        }
    };
    catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

fn top<P: Pixel<Subpixel = u16>>(picture: &ImageBuffer<P, Vec<u16>>) -> u16 {
    let colors = usize::from(P::CHANNEL_COUNT) - usize::from(P::HAS_ALPHA);
    let pixels = picture.pixels();
    let values = pixels.flat_map(|pixel| pixel.channels()[..colors].iter().copied());
    values.max().unwrap_or(0)
}
