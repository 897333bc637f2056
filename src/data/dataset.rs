//! What every set of images can do.

use std::ops::Range;
use std::path::PathBuf;

use super::decode;
use super::image::Image;
use super::look::Look;
use super::stored::Stored;
use crate::error::{Error, Result};

/// Of fewer groups of images that belong together none is held out as a whole.
pub(super) const FEWEST_GROUPS: usize = 3;

/// A set of images that can be read in any order from several threads.
pub trait Dataset: Send + Sync {
    /// Number of images.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Read and decode one image.
    ///
    /// # Errors
    /// [`crate::error::Error::Data`] when it cannot be read or decoded; the loader quarantines it.
    fn get(&self, index: usize) -> Result<Image>;

    /// The file of one image, byte by byte as it is stored; `None` where bare pixels are stored.
    ///
    /// # Errors
    /// As [`Dataset::get`].
    fn file_bytes(&self, _index: usize) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// One image with the values that are stored, before `data.channels` and `data.range` make pixels of them.
    ///
    /// # Errors
    /// As [`Dataset::get`].
    fn stored(&self, index: usize) -> Result<Stored> {
        let Some(bytes) = self.file_bytes(index)? else {
            return Ok(Stored::of_image(self.get(index)?));
        };
        decode::stored(&bytes).map_err(|problem| Error::data(self.id(index), problem))
    }

    /// What is stored of one image and its decoded pixels do not show; nothing where it cannot be read.
    fn look(&self, index: usize) -> Look {
        let bytes = self.file_bytes(index).ok().flatten();
        bytes.map_or_else(Look::default, |bytes| Look::at(&bytes))
    }

    /// Where the file of one image lies, which may not be there; `None` where images have no files of their own.
    fn file(&self, _index: usize) -> Option<PathBuf> {
        None
    }

    /// Bytes of the file of one image, without reading it; `None` where that is not known.
    fn file_length(&self, index: usize) -> Option<u64> {
        Some(self.file(index)?.metadata().ok()?.len())
    }

    /// Whether an image is decoded each time it is read, and not only copied.
    fn decodes(&self) -> bool {
        false
    }

    /// Class of one image, an index into [`Dataset::classes`]; `None` in unlabelled data.
    fn label(&self, index: usize) -> Option<u32>;

    /// Class names; empty in unlabelled data.
    fn classes(&self) -> &[String];

    /// The tags of one image, indices into [`Dataset::tag_names`], ascending: where an image may have several labels at once.
    /// `None` where nothing is known of it.
    fn tags(&self, _index: usize) -> Option<&[u32]> {
        None
    }

    /// Names of the tags; empty where images have one label each, or none.
    fn tag_names(&self) -> &[String] {
        &[]
    }

    /// A number that neighboring images share which are held out together, such as the pages of a file: they show the same
    /// thing.
    /// Where there are fewer than three such groups left, each image is held out by itself.
    fn belongs_to(&self, index: usize) -> usize {
        index
    }

    /// What a person finds the image by: its path relative to the root of the data set, or `folder/file.parquet#row`.
    ///
    /// No two images of a set have the same.
    fn id(&self, index: usize) -> String;

    /// Names of the further columns that a table gives of the images, such as a camera or a date; empty without one.
    fn metadata(&self) -> &[String] {
        &[]
    }

    /// What column `column` of [`Dataset::metadata`] says of one image; `None` where it says nothing.
    fn cell(&self, _index: usize, _column: usize) -> Option<&str> {
        None
    }

    /// What was passed over, and what a person should know of how the set was understood: a sentence each.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Runs of images that are stored, and best read, together (row groups of a Parquet file), in order.
    ///
    /// One run for the whole set means that reading in any order costs the same.
    fn blocks(&self) -> Vec<Range<usize>> {
        std::iter::once(0..self.len()).collect()
    }

    /// How many blocks may be read in turn without reading any of them twice.
    fn blocks_at_once(&self) -> usize {
        1
    }
}
