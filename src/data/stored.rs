//! A picture with the values that its file holds, before they become those of an [`Image`].

use image::DynamicImage;

use super::image::{Image, Pixels};
use super::layout::Layout;

/// What is white in a 16-bit picture where nothing else is said.
pub(super) const WHITE: u32 = 65_535;

/// Values as they are stored, channels interleaved.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of 8 bits.
    Bits8(Vec<u8>),
    /// Of 16 bits.
    Bits16(Vec<u16>),
    /// Numbers on any scale.
    Floats(Vec<f32>),
    /// Measured numbers, of which `black` and `white` are those where no range is asked for.
    Measured {
        /// The numbers.
        values: Vec<f32>,
        /// The number that becomes 0.
        black: f32,
        /// The number that becomes 1; the smaller one where bright is low.
        white: f32,
    },
    /// Numbers between 0 (black) and 1 (white), whatever range is asked for.
    Shown(Vec<f32>),
}

impl Values {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bits8(values) => values.len(),
            Self::Bits16(values) => values.len(),
            Self::Floats(values) | Self::Measured { values, .. } | Self::Shown(values) => {
                values.len()
            }
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As floating-point numbers: those measured as they are shown without a range, all others as they are.
    #[must_use]
    pub fn into_floats(self) -> Vec<f32> {
        match self {
            Self::Bits8(values) => values.into_iter().map(f32::from).collect(),
            Self::Bits16(values) => values.into_iter().map(f32::from).collect(),
            Self::Floats(values) | Self::Shown(values) => values,
            Self::Measured {
                values,
                black,
                white,
            } => between(values, black, white),
        }
    }

    /// Planes one after the other, as pixels.
    pub(super) fn interleaved(self, planes: usize) -> Self {
        match self {
            Self::Bits8(values) => Self::Bits8(interleaved(&values, planes)),
            Self::Bits16(values) => Self::Bits16(interleaved(&values, planes)),
            Self::Floats(values) => Self::Floats(interleaved(&values, planes)),
            Self::Measured {
                values,
                black,
                white,
            } => Self::Measured {
                values: interleaved(&values, planes),
                black,
                white,
            },
            Self::Shown(values) => Self::Shown(interleaved(&values, planes)),
        }
    }
}

pub(super) fn interleaved<T: Copy>(values: &[T], planes: usize) -> Vec<T> {
    let plane = values.len() / planes;
    let pixel = |i: usize| (0..planes).map(move |channel| values[channel * plane + i]);
    (0..plane).flat_map(pixel).collect()
}

/// A picture as it is stored, upright.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Channels, opacity counted.
    pub channels: usize,
    /// Whether the last channel is opacity.
    pub opacity: bool,
    /// `height · width · channels` values.
    pub values: Values,
}

impl Stored {
    /// What the decoders of the usual formats give; `None` for a kind that they have come to give since.
    pub(super) fn of(picture: DynamicImage) -> Option<Self> {
        let color = picture.color();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let values = match picture {
            DynamicImage::ImageLuma8(picture) => Values::Bits8(picture.into_raw()),
            DynamicImage::ImageLumaA8(picture) => Values::Bits8(picture.into_raw()),
            DynamicImage::ImageRgb8(picture) => Values::Bits8(picture.into_raw()),
            DynamicImage::ImageRgba8(picture) => Values::Bits8(picture.into_raw()),
            DynamicImage::ImageLuma16(picture) => Values::Bits16(picture.into_raw()),
            DynamicImage::ImageLumaA16(picture) => Values::Bits16(picture.into_raw()),
            DynamicImage::ImageRgb16(picture) => Values::Bits16(picture.into_raw()),
            DynamicImage::ImageRgba16(picture) => Values::Bits16(picture.into_raw()),
            DynamicImage::ImageRgb32F(picture) => Values::Floats(picture.into_raw()),
            DynamicImage::ImageRgba32F(picture) => Values::Floats(picture.into_raw()),
            _ => return None,
        };
        Some(Self {
            width,
            height,
            channels: color.channel_count().into(),
            opacity: color.has_alpha(),
            values,
        })
    }

    /// A picture of which nothing but its pixels is known.
    pub(super) fn of_image(image: Image) -> Self {
        Self {
            width: image.width,
            height: image.height,
            channels: image.channels,
            opacity: false,
            values: match image.pixels {
                Pixels::Bytes(values) => Values::Bits8(values),
                Pixels::Floats(values) => Values::Floats(values),
            },
        }
    }

    /// The same picture without its opacity.
    #[must_use]
    pub fn opaque(self) -> Self {
        if !self.opacity {
            return self;
        }
        let (stored, keep) = (self.channels, self.channels - 1);
        Self {
            channels: keep,
            opacity: false,
            values: match self.values {
                Values::Bits8(values) => Values::Bits8(without_last(values, stored, keep)),
                Values::Bits16(values) => Values::Bits16(without_last(values, stored, keep)),
                numbers => Values::Floats(without_last(numbers.into_floats(), stored, keep)),
            },
            ..self
        }
    }

    /// The values of an array, as it lays them out.
    pub(super) fn of_array(layout: Layout, values: Values) -> Self {
        Self {
            width: layout.width,
            height: layout.height,
            channels: layout.channels,
            opacity: false,
            values: if layout.planes {
                values.interleaved(layout.channels)
            } else {
                values
            },
        }
    }

    /// The picture with `channels`; `range` is the value of 16 bits or of floating point that is white.
    ///
    /// Opacity is dropped, as `convert("RGB")` of Pillow drops it, unless it makes the number of channels asked for.
    ///
    /// # Errors
    /// A sentence without the path: floating-point values below 0, or above 1 where no range is given; channels that
    /// are no colours.
    pub(super) fn into_image(self, channels: usize, range: Option<u32>) -> Result<Image, String> {
        let dropped = self.opacity && (self.channels != channels);
        let stored = self.channels;
        let keep = stored - usize::from(dropped);
        let pixels = match self.values {
            Values::Bits8(values) => Pixels::Bytes(without_last(values, stored, keep)),
            Values::Bits16(values) => {
                let white = range.unwrap_or(WHITE) as f32;
                let values = without_last(values, stored, keep).into_iter();
                Pixels::Floats(values.map(|v| (f32::from(v) / white).min(1.0)).collect())
            }
            Values::Floats(values) => {
                Pixels::Floats(scaled(without_last(values, stored, keep), range)?)
            }
            Values::Measured {
                values,
                black,
                white,
            } => Pixels::Floats(match range {
                None => between(values, black, white),
                Some(_) if black > white => {
                    let values = scaled(values, range)?.into_iter();
                    values.map(|value| 1.0 - value).collect()
                }
                Some(_) => scaled(values, range)?,
            }),
            Values::Shown(values) => Pixels::Floats(values),
        };
        let image = Image {
            width: self.width,
            height: self.height,
            channels: keep,
            pixels,
        };
        image.with_channels(channels)
    }

    /// Largest value of 16 bits, opacity left out.
    pub(super) fn highest(&self) -> Option<u16> {
        let Values::Bits16(values) = &self.values else {
            return None;
        };
        let colors = self.channels - usize::from(self.opacity);
        let pixels = values.chunks_exact(self.channels);
        let colors = pixels.flat_map(|pixel| pixel[..colors].iter().copied());
        Some(colors.max().unwrap_or(0))
    }

    /// Whether some of its pixels are transparent, wholly or partly.
    pub(super) fn fades(&self) -> bool {
        let last = self.channels - 1..;
        let last = last.step_by(self.channels);
        self.opacity
            && match &self.values {
                Values::Bits8(v) => last.map_while(|i| v.get(i)).any(|&v| v < u8::MAX),
                Values::Bits16(v) => last.map_while(|i| v.get(i)).any(|&v| v < u16::MAX),
                Values::Floats(v) => last.map_while(|i| v.get(i)).any(|&v| v < 1.0),
                Values::Measured { .. } | Values::Shown(_) => false,
            }
    }

    /// Bits of a value.
    pub(super) fn bits(&self) -> u16 {
        match self.values {
            Values::Bits8(_) => 8,
            Values::Bits16(_) => 16,
            Values::Floats(_) | Values::Measured { .. } | Values::Shown(_) => 32,
        }
    }
}

/// Values on the scale from `black` (0) to `white` (1); white may be the smaller number.
fn between(values: Vec<f32>, black: f32, white: f32) -> Vec<f32> {
    let extent = if white == black { 1.0 } else { white - black };
    let shown = |value: f32| ((value - black) / extent).clamp(0.0, 1.0);
    values.into_iter().map(shown).collect()
}

/// The first `keep` of every `stored` values.
fn without_last<T: Copy>(values: Vec<T>, stored: usize, keep: usize) -> Vec<T> {
    if keep == stored {
        return values;
    }
    let pixels = values.chunks_exact(stored);
    pixels.flat_map(|pixel| &pixel[..keep]).copied().collect()
}

/// Floating-point values with `range` white; clipping without a range would lose what lies above 1.
fn scaled(mut values: Vec<f32>, range: Option<u32>) -> Result<Vec<f32>, String> {
    let white = range.map_or(1.0, |range| range as f32);
    for value in &mut values {
        let inside = *value >= 0.0 && (range.is_some() || *value <= 1.0);
        if !inside {
            return Err(format!(
                "the image has values outside 0 to 1 ({value}); set data.range to the value that is white, or save it as PNG, \
                 where some are below 0"
            ));
        }
        *value = (*value / white).min(1.0);
    }
    Ok(values)
}
