//! A decoded image.

/// 8 bits a channel, rows from top to bottom, channels interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// `height · width · channels` values.
    pub pixels: Vec<u8>,
}

impl Image {
    /// The same picture in grey (`channels` 1) or colour (`channels` 3).
    ///
    /// Grey to colour repeats the value; colour to grey is `0.299 R + 0.587 G + 0.114 B` in 16-bit fixed point,
    /// as Pillow's `convert("L")` rounds it.
    #[must_use]
    pub fn with_channels(self, channels: usize) -> Self {
        let pixels = match (self.channels, channels) {
            (1, 3) => self.pixels.iter().flat_map(|&v| [v, v, v]).collect(),
            (3, 1) => self.pixels.chunks_exact(3).map(luma).collect(),
            _ => return self,
        };
        Self {
            channels,
            pixels,
            ..self
        }
    }
}

fn luma(rgb: &[u8]) -> u8 {
    let sum = u32::from(rgb[0]) * 19_595 + u32::from(rgb[1]) * 38_470 + u32::from(rgb[2]) * 7_471;
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, pixels: Vec<u8>) -> Image {
        Image {
            width: 2,
            height: 1,
            channels,
            pixels,
        }
    }

    #[test]
    fn grey_becomes_color_and_color_becomes_luma() {
        let grey = image(1, vec![0, 200]);
        assert_eq!(
            grey.clone().with_channels(3).pixels,
            [0, 0, 0, 200, 200, 200]
        );
        assert_eq!(grey.clone().with_channels(3).with_channels(1), grey);
        // Pillow: Image.new("RGB", (1, 1), (255, 0, 0)).convert("L") is 76, (10, 200, 30) is 124.
        let color = image(3, vec![255, 0, 0, 10, 200, 30]);
        assert_eq!(color.with_channels(1).pixels, [76, 124]);
    }
}
