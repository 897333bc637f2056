//! The shards of one part as one set of pictures.

use std::path::{Path, PathBuf};

use super::index::Index;
use super::indexer::Indexer;
use super::unpack::{Shard, shards};
use crate::data::dataset::Dataset;
use crate::data::decode::decode_within;
use crate::data::ids::{common_folder, names_below};
use crate::data::image::Image;
use crate::data::readers::labels::UNKNOWN;
use crate::data::starts::Starts;
use crate::error::{Error, Result};

/// Pictures in tar archives, read where they lie in any order.
///
/// Files are of one sample where they are neighbors and their names are the same up to the first dot of the last part of
/// their path, as webdataset 1.0.2 groups them. Memory: 24 bytes a picture and its key, nothing of the pictures.
#[derive(Debug)]
pub struct WebDataset {
    shards: Vec<Shard>,
    names: Vec<String>, // of the shards, below the root
    starts: Starts,     // of the shards
    index: Index,
    labels: Vec<u32>,
    classes: Vec<String>,
    channels: usize,
    range: Option<u32>,
    notes: Vec<String>,
}

impl WebDataset {
    /// Read the headers of the shards of one part; those that are compressed are unpacked to an unnamed file first.
    ///
    /// # Errors
    /// A shard that is broken, or labels that are no classes.
    pub fn open(files: &[PathBuf], channels: usize) -> Result<Self> {
        let mut indexer = Indexer::new(None);
        let mut set = Self::index(files, &common_folder(files), channels, &mut indexer)?;
        let first = files.first().map_or(Path::new("."), PathBuf::as_path);
        let read = indexer.labels(set.len());
        let (labels, classes, counts) = read.map_err(|problem| Error::data(first, problem))?;
        set.use_labels(labels, classes);
        set.notes.extend(counts.notes());
        Ok(set)
    }

    /// The pictures of the shards `files` below `root`, whose labels `indexer` holds.
    pub(super) fn index(
        files: &[PathBuf],
        root: &Path,
        channels: usize,
        indexer: &mut Indexer,
    ) -> Result<Self> {
        let (shards, unpacked) = shards(files)?;
        let names = names_below(files, root);
        let (mut index, mut starts) = (Index::default(), Starts::new());
        for (shard, name) in shards.iter().zip(&names) {
            let before = index.len();
            let added = indexer.add(shard, name, &mut index);
            added.map_err(|problem| Error::data(&shard.path, problem))?;
            starts.push(index.len() - before);
        }
        index.shrink();
        Ok(Self {
            shards,
            names,
            starts,
            index,
            labels: Vec::new(),
            classes: Vec::new(),
            channels,
            range: None,
            notes: unpacked.into_iter().collect(),
        })
    }

    /// Take one label a picture, none of them known where there are no `classes`.
    pub(super) fn use_labels(&mut self, labels: Vec<u32>, classes: Vec<String>) {
        (self.labels, self.classes) = (labels, classes);
    }

    /// The same pictures with the value `range` of those of 16 bits or floating point white.
    pub(super) fn with_range(mut self, range: Option<u32>) -> Self {
        self.range = range;
        self
    }

    /// More that a person should know.
    pub(super) fn add_notes(&mut self, notes: Vec<String>) {
        self.notes.extend(notes);
    }

    fn encoded(&self, index: usize) -> Result<Vec<u8>, String> {
        let (at, size) = self.index.place(index)?;
        let (shard, _) = self.starts.locate(index);
        self.shards[shard].with(|archive| archive.read(at, size).map_err(|e| e.to_string()))
    }
}

impl Dataset for WebDataset {
    fn len(&self) -> usize {
        self.index.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let bytes = self.encoded(index);
        let image = bytes.and_then(|bytes| decode_within(&bytes, self.channels, self.range));
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        let bytes = self.encoded(index).map(Some);
        bytes.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        Some(self.index.place(index).ok()?.1 as u64)
    }

    fn decodes(&self) -> bool {
        true
    }

    fn label(&self, index: usize) -> Option<u32> {
        Some(self.labels[index]).filter(|&label| label != UNKNOWN)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        let (shard, _) = self.starts.locate(index);
        format!("{}#{}", self.names[shard], self.index.key(index))
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}
