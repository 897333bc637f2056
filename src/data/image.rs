//! A decoded image.

/// Most channels of an image.
pub const MOST_CHANNELS: usize = 64;

/// The values of an image's pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// 8 bits a value, of which 255 is white.
    Bytes(Vec<u8>),
    /// Values of 16 bits and floating-point numbers, on the scale 0 (black) to 1 (white).
    Floats(Vec<f32>),
}

impl Pixels {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values where they have 8 bits.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(values) => Some(values),
            Self::Floats(_) => None,
        }
    }

    /// The values where they lie between 0 and 1.
    #[must_use]
    pub fn as_floats(&self) -> Option<&[f32]> {
        match self {
            Self::Bytes(_) => None,
            Self::Floats(values) => Some(values),
        }
    }

    /// Bytes of memory that they take.
    #[must_use]
    pub fn memory(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => size_of_val(values.as_slice()),
        }
    }

    /// What a value is multiplied with to lie between 0 and 1.
    #[must_use]
    pub fn scale(&self) -> f64 {
        match self {
            Self::Bytes(_) => 1.0 / 255.0,
            Self::Floats(_) => 1.0,
        }
    }

    /// Value `index` on the scale of 16 bits: 257 times one of 8 bits, exact also for those of 16 bits.
    #[must_use]
    pub fn in_16_bits(&self, index: usize) -> u16 {
        match self {
            Self::Bytes(values) => u16::from(values[index]) * 257,
            Self::Floats(values) => (values[index] * 65_535.0).round() as u16,
        }
    }
}

impl From<Vec<u8>> for Pixels {
    fn from(values: Vec<u8>) -> Self {
        Self::Bytes(values)
    }
}

impl From<Vec<f32>> for Pixels {
    fn from(values: Vec<f32>) -> Self {
        Self::Floats(values)
    }
}

/// Rows from top to bottom, channels interleaved.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 1 (grey), 3 (red, green, blue), or as many as the instrument has, up to [`MOST_CHANNELS`].
    pub channels: usize,
    /// `height · width · channels` values.
    pub pixels: Pixels,
}

impl Image {
    /// The same picture in grey (`channels` 1) or colour (`channels` 3).
    ///
    /// Grey to colour repeats the value; colour to grey is `0.299 R + 0.587 G + 0.114 B`, of bytes in 16-bit fixed point
    /// as Pillow's `convert("L")` rounds it.
    ///
    /// # Errors
    /// A sentence without the path: other numbers of channels are no colours, and are kept as they are or not at all.
    pub fn with_channels(self, channels: usize) -> Result<Self, String> {
        if self.channels == channels {
            return Ok(self);
        }
        let pixels = match (self.pixels, self.channels, channels) {
            (Pixels::Bytes(values), 1, 3) => Pixels::Bytes(thrice(&values)),
            (Pixels::Floats(values), 1, 3) => Pixels::Floats(thrice(&values)),
            (Pixels::Bytes(values), 3, 1) => values.chunks_exact(3).map(luma).collect(),
            (Pixels::Floats(values), 3, 1) => {
                let luma = |v: &[f32]| 0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2];
                Pixels::Floats(values.chunks_exact(3).map(luma).collect())
            }
            (_, stored, _) => {
                return Err(format!(
                    "the image has {stored} channels, and {channels} are asked for; set data.channels={stored} where all \
                     images have as many"
                ));
            }
        };
        Ok(Self {
            channels,
            pixels,
            ..self
        })
    }
}

fn thrice<T: Copy>(values: &[T]) -> Vec<T> {
    values.iter().flat_map(|&v| [v, v, v]).collect()
}

impl FromIterator<u8> for Pixels {
    fn from_iter<I: IntoIterator<Item = u8>>(values: I) -> Self {
        Self::Bytes(values.into_iter().collect())
    }
}

fn luma(rgb: &[u8]) -> u8 {
    let sum = u32::from(rgb[0]) * 19_595 + u32::from(rgb[1]) * 38_470 + u32::from(rgb[2]) * 7_471;
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, pixels: impl Into<Pixels>) -> Image {
        Image {
            width: 2,
            height: 1,
            channels,
            pixels: pixels.into(),
        }
    }

    #[test]
    fn grey_becomes_color_and_color_becomes_luma() {
        let grey = image(1, vec![0u8, 200]);
        let color = grey.clone().with_channels(3).unwrap();
        assert_eq!(color, image(3, vec![0u8, 0, 0, 200, 200, 200]));
        assert_eq!(color.with_channels(1), Ok(grey));
        // Pillow: Image.new("RGB", (1, 1), (255, 0, 0)).convert("L") is 76, (10, 200, 30) is 124.
        let color = image(3, vec![255u8, 0, 0, 10, 200, 30]);
        assert_eq!(color.with_channels(1), Ok(image(1, vec![76u8, 124])));
    }

    #[test]
    fn channels_that_are_no_colours_stay_as_they_are() {
        let bands = image(4, vec![0.5f32; 8]);
        assert_eq!(bands.clone().with_channels(4), Ok(bands.clone()));
        let problem = bands.with_channels(3).unwrap_err();
        assert!(problem.contains("data.channels=4"), "{problem}");
    }
}
