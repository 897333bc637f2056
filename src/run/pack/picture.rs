//! The file of one picture: copied, made of bare pixels, or resized.

use std::path::Path;

use crate::augment::resample::{Region, resized_crop};
use crate::augment::resize::fit;
use crate::augment::{Interpolation, Planar, Scratch};
use crate::data::decode::stored;
use crate::data::{Dataset, Image, Pixels, Stored, Values, encode, kind_of};
use crate::error::{Error, Result};

/// The file of picture `index` and its extension; larger ones with their shorter side resized to `size`.
///
/// # Errors
/// A picture that cannot be read or decoded.
pub(super) fn file(
    set: &dyn Dataset,
    index: usize,
    size: Option<usize>,
) -> Result<(Vec<u8>, String)> {
    let wrong = |problem: String| Error::data(set.id(index), problem);
    let bytes = set.file_bytes(index)?;
    let picture = match &bytes {
        Some(bytes) => stored(bytes).map_err(wrong)?,
        None => set.stored(index)?,
    };
    let least = picture.width.min(picture.height);
    let made = match (bytes, size.filter(|&size| size < least)) {
        (Some(bytes), None) => {
            let extension = extension(&set.id(index), &bytes);
            return Ok((bytes, extension));
        }
        (None, None) => encode(&picture),
        (_, Some(size)) => encode(&resized(picture, size)?),
    };
    let (bytes, extension) = made.map_err(wrong)?;
    Ok((bytes, extension.into()))
}

/// The extension that the file has in its source, where it has one that pictures have.
fn extension(id: &str, bytes: &[u8]) -> String {
    let known = Path::new(id)
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase());
    let known = known.filter(|known| is_picture_extension(known));
    known.unwrap_or_else(|| kind_of(bytes).into())
}

fn is_picture_extension(extension: &str) -> bool {
    const KNOWN: [&str; 16] = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm",
        "pbm", "pnm", "npy", "dcm",
    ];
    KNOWN.contains(&extension)
}

/// `picture` with its shorter side `size`, resized as evaluation sees it, antialiased, on the scale of its own values;
/// opacity is dropped.
fn resized(picture: Stored, size: usize) -> Result<Stored> {
    let picture = picture.opaque();
    let (whole, channels) = (
        Region {
            top: 0,
            left: 0,
            height: picture.height,
            width: picture.width,
        },
        picture.channels,
    );
    let (height, width) = fit(picture.height, picture.width, size);
    let (pixels, bits) = match picture.values {
        Values::Bits8(values) => (Pixels::Bytes(values), 8),
        Values::Bits16(values) => {
            let values = values.into_iter().map(f32::from);
            (Pixels::Floats(values.collect()), 16)
        }
        numbers => (Pixels::Floats(numbers.into_floats()), 32),
    };
    let image = Image {
        width: picture.width,
        height: picture.height,
        channels,
        pixels,
    };
    let mut planes = vec![0.0; channels * height * width];
    let mut view = Planar::new(channels, height, width, &mut planes)?;
    let filter = Interpolation::Bilinear;
    resized_crop(&image, whole, filter, &mut view, &mut Scratch::default());
    let plane = height * width;
    let pixel = |i: usize| (0..channels).map(move |channel| channel * plane + i);
    let values = (0..plane).flat_map(pixel).map(|place| planes[place]);
    let values = match bits {
        8 => Values::Bits8(values.map(|v| (v * 255.0).round() as u8).collect()),
        16 => Values::Bits16(values.map(|v| v.round() as u16).collect()),
        _ => Values::Floats(values.collect()),
    };
    Ok(Stored {
        width,
        height,
        channels,
        opacity: false,
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resized_picture_keeps_its_bits_and_its_mean() {
        let gradient = |most: f32| (0..40 * 30).map(move |i| most * (i % 40) as f32 / 39.0);
        for values in [
            Values::Bits8(gradient(255.0).map(|v| v.round() as u8).collect()),
            Values::Bits16(gradient(60_000.0).map(|v| v.round() as u16).collect()),
            Values::Floats(gradient(-7.5).collect()),
        ] {
            let picture = Stored {
                width: 40,
                height: 30,
                channels: 1,
                opacity: false,
                values: values.clone(),
            };
            let small = resized(picture, 15).unwrap();
            assert_eq!((small.width, small.height), (20, 15));
            let mean = |values: &Values| {
                let sum: f64 = match values {
                    Values::Bits8(v) => v.iter().map(|&v| f64::from(v)).sum(),
                    Values::Bits16(v) => v.iter().map(|&v| f64::from(v)).sum(),
                    numbers => {
                        let numbers = numbers.clone().into_floats().into_iter();
                        numbers.map(f64::from).sum()
                    }
                };
                sum / values.len() as f64
            };
            let (before, after) = (mean(&values), mean(&small.values));
            assert!(
                (before - after).abs() <= 0.01 * before.abs(),
                "{before} {after}"
            );
            assert_eq!(
                std::mem::discriminant(&values),
                std::mem::discriminant(&small.values)
            );
        }
    }
}
