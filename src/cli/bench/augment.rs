//! The augmentation that is timed: two views of each image by the SimCLR pipeline, as floats, normalised.
//!
//! Views of less than 64 pixels come from decoded images of their size, as CIFAR's lie in memory. Larger ones come
//! from JPEG files, each decoded once for both of its views.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use rayon::prelude::*;

use super::repeat::repeat;
use crate::augment::{AugmentConfig, MultiView, simclr};
use crate::data::{Image, decode::decode};
use crate::error::{Error, Result};
use crate::random::{Purpose, normal, stream};

/// Views from this side on are made of files.
const LARGE: usize = 64;
/// Sides of the photographs, lying and standing in turn.
const SIDES: (usize, usize) = (500, 375);
/// Photographs; a batch goes round them.
const FILES: usize = 24;
const QUALITY: u8 = 90;

/// What the views of `size` pixels are made of.
pub(super) fn source(size: usize) -> &'static str {
    if size < LARGE {
        "decoded images"
    } else {
        "JPEG files of 500x375"
    }
}

/// Seconds of each repetition on `batch` images.
pub(super) fn run(batch: usize, size: usize, seconds: f64) -> Result<Vec<f64>> {
    let views = views(size)?;
    let mut out = vec![0.0; batch * 2 * 3 * size * size];
    let mut epoch = 0;
    if size < LARGE {
        let image = |n| Image {
            width: size,
            height: size,
            channels: 3,
            pixels: photograph(size, size, n).into(),
        };
        let images: Vec<Image> = (0..batch).map(image).collect();
        return repeat(seconds, || {
            epoch += 1;
            fill(&views, size, epoch, &mut out, |sample, make| {
                make(&images[sample])
            })
        });
    }
    let files = (0..FILES).map(file).collect::<Result<Vec<_>>>()?;
    repeat(seconds, || {
        epoch += 1;
        fill(&views, size, epoch, &mut out, |sample, make| {
            make(&decode(&files[sample % FILES], 3).map_err(Error::Failed)?)
        })
    })
}

fn views(size: usize) -> Result<MultiView> {
    let strength = if size < LARGE { 0.5 } else { 1.0 };
    let config = AugmentConfig {
        mean: Some(vec![0.5; 3]),
        std: Some(vec![0.25; 3]),
        ..AugmentConfig::two_views(size, simclr(size, strength))
    };
    config.build(3)
}

/// Both views of every sample to `out`; `open` hands a sample's image on.
fn fill(
    views: &MultiView,
    size: usize,
    epoch: u64,
    out: &mut [f32],
    open: impl Fn(usize, &mut dyn FnMut(&Image) -> Result<()>) -> Result<()> + Sync,
) -> Result<()> {
    let view_len = 3 * size * size;
    out.par_chunks_mut(2 * view_len)
        .enumerate()
        .try_for_each(|(sample, out)| {
            open(sample, &mut |image| {
                for (view, out) in out.chunks_exact_mut(view_len).enumerate() {
                    views.fill(image, 0, epoch, sample as u64, view as u64, out)?;
                }
                Ok(())
            })
        })
}

/// A JPEG file.
fn file(n: usize) -> Result<Vec<u8>> {
    let (width, height) = if n.is_multiple_of(2) {
        SIDES
    } else {
        (SIDES.1, SIDES.0)
    };
    let pixels = photograph(height, width, n);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(
            &pixels,
            width as u32,
            height as u32,
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| Error::Failed(format!("cannot encode a picture: {error}")))?;
    Ok(bytes)
}

/// The pixels of a colour picture with detail at all scales, as photographs have it: noise on coarse to fine grids.
fn photograph(height: usize, width: usize, n: usize) -> Vec<u8> {
    let mut rng = stream(0, Purpose::Check, 0, 0, n as u64);
    let mut sum = vec![120.0; height * width * 3];
    for (grid, strength) in [(8, 60.0), (32, 30.0), (128, 13.0), (512, 5.0)] {
        let (rows, columns) = ((height * grid / 512).max(2), (width * grid / 512).max(2));
        let noise: Vec<f64> = (0..rows * columns * 3)
            .map(|_| strength * normal(&mut rng))
            .collect();
        for (place, value) in sum.iter_mut().enumerate() {
            let (pixel, channel) = (place / 3, place % 3);
            let (top, down) = between(pixel / width, height, rows);
            let (left, right) = between(pixel % width, width, columns);
            let at = |row: usize, column: usize| noise[(row * columns + column) * 3 + channel];
            let upper = at(top, left) * (1.0 - right) + at(top, left + 1) * right;
            let lower = at(top + 1, left) * (1.0 - right) + at(top + 1, left + 1) * right;
            *value += upper * (1.0 - down) + lower * down;
        }
    }
    sum.into_iter().map(|value| value as u8).collect()
}

/// The point of a grid before place `at` of `places`, and how far on towards the next it lies.
fn between(at: usize, places: usize, points: usize) -> (usize, f64) {
    let exact = at as f64 * (points - 1) as f64 / places as f64;
    (exact as usize, exact.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_as_large_as_photographs() -> Result<()> {
        for n in 0..2 {
            let bytes = file(n)?;
            // Cameras' pictures of this size and quality take 40 to 100 kB: less would decode too quickly.
            assert!(
                (40_000..120_000).contains(&bytes.len()),
                "{} bytes",
                bytes.len()
            );
            let image = decode(&bytes, 3).map_err(Error::Failed)?;
            assert_eq!(image.width * image.height, 500 * 375);
        }
        Ok(())
    }
}
