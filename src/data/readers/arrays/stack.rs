//! Pictures one after the other in an array.

use std::ops::Range;

use super::array::Array;
use super::rows::Rows;
use crate::data::dataset::Dataset;
use crate::data::image::Image;
use crate::data::layout::Layout;
use crate::data::limits::{MAX_ALLOC, MAX_SIDE};
use crate::data::look::Look;
use crate::data::npy::Kind;
use crate::data::stored::Stored;
use crate::data::tags::Tags;
use crate::error::{Error, Result};

/// An array of pictures of one size; each is read when asked for.
///
/// Memory: 4 bytes a picture for its label, and within `data.cache` the pictures of a compressed archive, or the chunks
/// of HDF5 that were read last.
#[derive(Debug)]
pub struct Stack {
    name: String,
    rows: Rows,
    kind: Kind,
    layout: Layout,
    size: usize, // bytes of a picture
    count: usize,
    pub(super) labels: Option<Vec<u32>>,
    tags: Tags,
    classes: Vec<String>,
    channels: usize,
    range: Option<u32>,
    notes: Vec<String>,
}

impl Stack {
    /// The pictures of `array`, delivered with `channels`.
    pub(super) fn open(array: &Array, channels: usize, range: Option<u32>) -> Result<Self> {
        let fail = |problem: String| Error::data(array.place(), problem);
        let layout = Layout::of(array.picture()).ok_or_else(|| {
            let shape = &array.header.shape;
            fail(format!(
                "an array of shape {shape:?} is no stack of pictures: that is (pictures, height, width), with channels last \
                 or second"
            ))
        })?;
        let side = layout.height.max(layout.width);
        let values = layout.values().filter(|_| side <= MAX_SIDE as usize);
        let size = values.and_then(|values| values.checked_mul(array.header.kind.size));
        let size = size.filter(|&size| size as u64 <= MAX_ALLOC);
        let size = size.ok_or_else(|| {
            let most = MAX_ALLOC >> 20;
            fail(format!(
                "its pictures are too large: more than {MAX_SIDE} pixels wide or high, or {most} MiB; scale them down"
            ))
        })?;
        let rows = array.rows()?;
        Ok(Self {
            name: array.name.clone(),
            rows,
            kind: array.header.kind,
            layout,
            size,
            count: array.count(),
            labels: None,
            tags: Tags::default(),
            classes: Vec::new(),
            channels,
            range,
            notes: Vec::new(),
        })
    }

    pub(super) fn use_labels(&mut self, labels: Vec<u32>) {
        self.labels = Some(labels);
    }

    pub(super) fn use_tags(&mut self, tags: Tags) {
        self.tags = tags;
    }

    pub(super) fn name_classes(&mut self, classes: &[String]) {
        if self.labels.is_some() {
            self.classes = classes.to_vec();
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn picture(&self, index: usize) -> Result<Stored> {
        let mut bytes = vec![0; self.size];
        self.rows
            .read(index, self.size, &mut bytes)
            .map_err(|problem| Error::data(self.id(index), problem))?;
        Ok(Stored::of_array(self.layout, self.kind.pixels(&bytes)))
    }
}

impl Dataset for Stack {
    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, index: usize) -> Result<Image> {
        let image = self.picture(index)?.into_image(self.channels, self.range);
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        self.picture(index)
    }

    fn look(&self, index: usize) -> Look {
        self.picture(index)
            .map_or_else(|_| Look::default(), |stored| Look::of(&stored))
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.known(index)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        self.tags.get(index)
    }

    fn tag_names(&self) -> &[String] {
        self.tags.names()
    }

    fn id(&self, index: usize) -> String {
        format!("{}#{index}", self.name)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        self.rows.blocks(self.count)
    }

    fn blocks_at_once(&self) -> usize {
        self.rows.blocks_at_once()
    }
}
