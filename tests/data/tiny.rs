//! Tiny pictures and files to read back.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use ravine::data::check::{Check, check};
use ravine::data::{DataConfig, Dataset, Image, Part, open_part, open_with_parts};
use ravine::error::Result;

/// A picture whose pixels tell its number.
pub(crate) fn picture(number: usize, width: usize, height: usize, channels: usize) -> Image {
    let value = |i: usize| ((i * 7 + number * 31) % 251) as u8;
    Image {
        width,
        height,
        channels,
        pixels: (0..width * height * channels).map(value).collect(),
    }
}

/// The values of an image of 8 bits.
pub(crate) fn bytes(image: &Image) -> &[u8] {
    image.pixels.as_bytes().unwrap()
}

pub(crate) fn encode(image: &Image, format: image::ImageFormat) -> Vec<u8> {
    let kind = match image.channels {
        1 => image::ExtendedColorType::L8,
        _ => image::ExtendedColorType::Rgb8,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let (width, height) = (image.width as u32, image.height as u32);
    let pixels = self::bytes(image);
    image::write_buffer_with_format(&mut bytes, pixels, width, height, kind, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn png(number: usize) -> Vec<u8> {
    encode(&picture(number, 6, 5, 3), image::ImageFormat::Png)
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn at(path: &Path) -> DataConfig {
    DataConfig {
        source: path.display().to_string(),
        ..DataConfig::default()
    }
}

pub(crate) fn all(config: &DataConfig) -> Result<Arc<dyn Dataset>> {
    open_part(config, Part::All)
}

/// What `data check` finds.
pub(crate) fn checked(config: &DataConfig) -> Check {
    let (set, parts) = open_with_parts(config, Part::All).unwrap();
    check(set.as_ref(), &parts)
}

/// The message of a source that must be refused, checked to name the path.
pub(crate) fn refused(path: &Path) -> String {
    let problem = all(&at(path)).err().expect("must be refused");
    assert_eq!(problem.exit_code(), 1, "{problem}");
    let name = path.file_stem().unwrap().to_str().unwrap();
    assert!(problem.to_string().contains(name), "{problem}");
    problem.to_string()
}
