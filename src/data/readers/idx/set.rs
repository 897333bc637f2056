//! One file of images with its labels as one set.

use std::path::Path;

use super::files::labels_beside;
use super::unpack::{HEADER, open_images, read_labels};
use crate::data::dataset::Dataset;
use crate::data::decode::MAX_SIDE;
use crate::data::image::Image;
use crate::data::readers::positional::Bytes;
use crate::error::{Error, Result};

/// Grey images of one size: plain files are read where asked, gzipped ones are unpacked once into memory.
#[derive(Debug)]
pub struct Idx {
    name: String,
    bytes: Bytes,
    count: usize,
    height: usize,
    width: usize,
    labels: Option<Vec<u8>>,
    classes: Vec<String>,
    channels: usize,
}

impl Idx {
    /// Open one images file and, when it lies beside it, its labels file.
    ///
    /// # Errors
    /// A wrong magic number, sizes that the file does not hold, or labels that do not match the images.
    pub fn open(images: &Path, channels: usize) -> Result<Self> {
        let (bytes, length, [count, height, width]) = open_images(images)?;
        let fits = height > 0 && width > 0 && height <= MAX_SIDE && width <= MAX_SIDE;
        let expected = u64::from(count)
            .checked_mul(u64::from(height) * u64::from(width))
            .and_then(|size| size.checked_add(HEADER));
        if !fits || expected != Some(length) {
            return Err(Error::data(
                images,
                format!(
                    "the header announces {count} images of {height}×{width}, but the file holds {length} bytes; it is \
                     truncated or corrupt, download it again"
                ),
            ));
        }
        let labels = labels_beside(images)
            .map(|path| read_labels(&path, count))
            .transpose()?;
        let top = labels.iter().flatten().max();
        let name = images.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            bytes,
            count: count as usize,
            height: height as usize,
            width: width as usize,
            classes: top.map_or_else(Vec::new, |&top| (0..=top).map(|c| c.to_string()).collect()),
            labels,
            channels,
        })
    }
}

impl Dataset for Idx {
    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, index: usize) -> Result<Image> {
        let size = self.height * self.width;
        let mut pixels = vec![0; size];
        self.bytes
            .read_exact_at(&mut pixels, HEADER + index as u64 * size as u64)
            .map_err(|e| Error::data(&self.name, format!("cannot read image {index}: {e}")))?;
        let image = Image {
            width: self.width,
            height: self.height,
            channels: 1,
            pixels: pixels.into(),
        };
        let image = image.with_channels(self.channels);
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.labels.as_ref().map(|labels| u32::from(labels[index]))
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        format!("{}#{index}", self.name)
    }
}
