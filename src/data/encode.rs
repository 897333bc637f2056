//! Pictures as files that the readers take back to the bit.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, guess_format};

use super::dicom::is_dicom;
use super::npy_picture::{self, is_npy};
use super::stored::{Stored, Values};
use super::tiff::is_tiff;

/// The file of a picture, and the extension that belongs to it: PNG of grey values and colours in 8 or 16 bits, npy of all
/// other numbers.
///
/// The same picture gives the same bytes.
///
/// # Errors
/// A sentence without the path: a picture of more channels than pixels on a side, which no array tells apart.
pub fn encode(picture: &Stored) -> Result<(Vec<u8>, &'static str), String> {
    let kind = match (&picture.values, picture.channels) {
        (Values::Bits8(_), 1) => Some(ExtendedColorType::L8),
        (Values::Bits8(_), 3) => Some(ExtendedColorType::Rgb8),
        (Values::Bits16(_), 1) => Some(ExtendedColorType::L16),
        (Values::Bits16(_), 3) => Some(ExtendedColorType::Rgb16),
        _ => None,
    };
    match (kind, &picture.values) {
        (Some(kind), Values::Bits8(values)) => Ok((png(picture, values, kind)?, "png")),
        (Some(kind), Values::Bits16(values)) => {
            // In the order of this machine, as the encoder expects them.
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
            Ok((png(picture, &bytes, kind)?, "png"))
        }
        _ => Ok((npy_picture::write(picture)?, "npy")),
    }
}

fn png(picture: &Stored, bytes: &[u8], kind: ExtendedColorType) -> Result<Vec<u8>, String> {
    let (mut file, size) = (Vec::new(), [picture.width, picture.height]);
    let [width, height] = size.map(|side| side as u32);
    PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive)
        .write_image(bytes, width, height, kind)
        .map_err(|e| format!("cannot be written as PNG: {e}"))?;
    Ok(file)
}

/// The extension that belongs to the file `bytes` of a picture.
#[must_use]
pub fn kind_of(bytes: &[u8]) -> &'static str {
    if is_npy(bytes) {
        return "npy";
    }
    if is_tiff(bytes) {
        return "tif";
    }
    if is_dicom(bytes) {
        return "dcm";
    }
    match guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => "jpg",
        Ok(ImageFormat::WebP) => "webp",
        Ok(ImageFormat::Bmp) => "bmp",
        Ok(ImageFormat::Gif) => "gif",
        Ok(ImageFormat::Pnm) => "pnm",
        _ => "png",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::decode::stored;

    #[test]
    fn a_picture_is_read_back_to_the_bit_whatever_its_numbers() {
        let of = |channels, values| Stored {
            width: 5,
            height: 4,
            channels,
            opacity: false,
            values,
        };
        let bits8 = |count: u32| (0..count).map(|i| (i * 37) as u8).collect();
        let bits16 = |count: u32| (0..count).map(|i| (i * 7919) as u16).collect();
        let floats = |count: u32| (0..count).map(|i| i as f32 * -0.37).collect();
        for (picture, kind) in [
            (of(1, Values::Bits8(bits8(20))), "png"),
            (of(3, Values::Bits8(bits8(60))), "png"),
            (of(2, Values::Bits8(bits8(40))), "npy"),
            (of(1, Values::Bits16(bits16(20))), "png"),
            (of(3, Values::Bits16(bits16(60))), "png"),
            (of(4, Values::Bits16(bits16(80))), "npy"),
            (of(1, Values::Floats(floats(20))), "npy"),
            (of(3, Values::Floats(floats(60))), "npy"),
        ] {
            let (bytes, extension) = encode(&picture).unwrap();
            assert_eq!((extension, kind_of(&bytes)), (kind, kind));
            assert_eq!(stored(&bytes).unwrap(), picture);
            assert_eq!(encode(&picture).unwrap().0, bytes);
        }
        // Low and wide, and the other way round: channels stand first where they would be taken for rows.
        for (width, height, channels, fits) in
            [(20, 2, 13, true), (2, 20, 13, true), (2, 2, 13, false)]
        {
            let count = width * height * channels;
            let picture = Stored {
                width,
                height,
                ..of(channels, Values::Bits16(bits16(count as u32)))
            };
            let back = encode(&picture).map(|(bytes, _)| stored(&bytes).unwrap());
            assert_eq!(back.ok(), fits.then_some(picture));
        }
    }
}
