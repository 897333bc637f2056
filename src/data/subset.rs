//! Views of data sets: some images of one, or all images of several.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::dataset::Dataset;
use super::image::Image;
use super::look::Look;
use super::starts::Starts;
use super::stored::Stored;
use crate::error::Result;

/// Some images of a data set, in storage order.
pub struct Subset {
    parent: Arc<dyn Dataset>,
    indices: Vec<u32>, // ascending, so that the blocks of the parent stay runs
    notes: Vec<String>,
}

impl Subset {
    /// The images of `parent` at `indices`, in storage order whatever the order given.
    #[must_use]
    pub fn new(parent: Arc<dyn Dataset>, mut indices: Vec<u32>) -> Self {
        indices.sort_unstable();
        indices.dedup();
        Self {
            parent,
            indices,
            notes: Vec::new(),
        }
    }

    /// The same images, with more that a person should know.
    pub(super) fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }

    /// Index in the parent of each image.
    #[must_use]
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    fn parent(&self, index: usize) -> usize {
        self.indices[index] as usize
    }
}

/// Whether any image of `set` has a label.
#[must_use]
pub fn any_label(set: &Arc<dyn Dataset>) -> bool {
    (0..set.len()).any(|i| set.label(i).is_some())
}

/// The images of `set` that have a label; `set` itself when all of them or none have one.
#[must_use]
pub fn labelled(set: &Arc<dyn Dataset>) -> Arc<dyn Dataset> {
    those(set, |i| set.label(i).is_some())
}

/// The images of `set` whose tags are known; `set` itself when those of all or of none are.
#[must_use]
pub fn tagged(set: &Arc<dyn Dataset>) -> Arc<dyn Dataset> {
    those(set, |i| set.tags(i).is_some())
}

/// The tags of an image as a list in JSON; `None` where nothing is known of it.
#[must_use]
pub fn tags_in_words(set: &dyn Dataset, index: usize) -> Option<String> {
    let tags = set.tags(index)?.iter();
    let names: Vec<&str> = tags
        .map(|&tag| set.tag_names()[tag as usize].as_str())
        .collect();
    Some(serde_json::Value::from(names).to_string())
}

fn those(set: &Arc<dyn Dataset>, known: impl Fn(usize) -> bool) -> Arc<dyn Dataset> {
    let known: Vec<u32> = (0..set.len() as u32)
        .filter(|&i| known(i as usize))
        .collect();
    if known.is_empty() || known.len() == set.len() {
        return set.clone();
    }
    Arc::new(Subset::new(set.clone(), known))
}

impl Dataset for Subset {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        self.parent.get(self.parent(index))
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        self.parent.file_bytes(self.parent(index))
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        self.parent.stored(self.parent(index))
    }

    fn look(&self, index: usize) -> Look {
        self.parent.look(self.parent(index))
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        self.parent.file(self.parent(index))
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        self.parent.file_length(self.parent(index))
    }

    fn decodes(&self) -> bool {
        self.parent.decodes()
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.parent.label(self.parent(index))
    }

    fn classes(&self) -> &[String] {
        self.parent.classes()
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        self.parent.tags(self.parent(index))
    }

    fn tag_names(&self) -> &[String] {
        self.parent.tag_names()
    }

    fn belongs_to(&self, index: usize) -> usize {
        self.parent.belongs_to(self.parent(index))
    }

    fn id(&self, index: usize) -> String {
        self.parent.id(self.parent(index))
    }

    fn metadata(&self) -> &[String] {
        self.parent.metadata()
    }

    fn cell(&self, index: usize, column: usize) -> Option<&str> {
        self.parent.cell(self.parent(index), column)
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.parent.notes().into_iter();
        notes.chain(self.notes.iter().cloned()).collect()
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        let position = |index: usize| self.indices.partition_point(|&i| (i as usize) < index);
        let runs = self.parent.blocks().into_iter();
        runs.map(|run| position(run.start)..position(run.end))
            .filter(|run| !run.is_empty())
            .collect()
    }

    fn blocks_at_once(&self) -> usize {
        self.parent.blocks_at_once()
    }
}

/// Several data sets one after the other.
pub struct Joined {
    parts: Vec<Arc<dyn Dataset>>,
    starts: Starts,
    numbered: bool,
    metadata: Vec<String>, // of all parts, each name once
}

impl Joined {
    /// `parts` in this order; the classes are those of the part that has most of them.
    ///
    /// Where an id would repeat over the parts, every id starts with the number of its part: `2/cat/1.png`.
    #[must_use]
    pub fn new(parts: Vec<Arc<dyn Dataset>>) -> Self {
        let mut starts = Starts::new();
        for part in &parts {
            starts.push(part.len());
        }
        Self {
            numbered: repeat(&parts),
            metadata: distinct(parts.iter().flat_map(|part| part.metadata().to_vec())),
            parts,
            starts,
        }
    }

    fn locate(&self, index: usize) -> (&dyn Dataset, usize) {
        let (part, index) = self.starts.locate(index);
        (self.parts[part].as_ref(), index)
    }
}

impl Dataset for Joined {
    fn len(&self) -> usize {
        self.starts.total()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let (part, index) = self.locate(index);
        part.get(index)
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        let (part, index) = self.locate(index);
        part.file_bytes(index)
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        let (part, index) = self.locate(index);
        part.stored(index)
    }

    fn look(&self, index: usize) -> Look {
        let (part, index) = self.locate(index);
        part.look(index)
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        let (part, index) = self.locate(index);
        part.file(index)
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        let (part, index) = self.locate(index);
        part.file_length(index)
    }

    fn decodes(&self) -> bool {
        self.parts.iter().any(|part| part.decodes())
    }

    fn label(&self, index: usize) -> Option<u32> {
        let (part, index) = self.locate(index);
        part.label(index)
    }

    fn classes(&self) -> &[String] {
        let widest = self
            .parts
            .iter()
            .rev()
            .max_by_key(|part| part.classes().len());
        widest.map_or(&[], |part| part.classes())
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        let (part, index) = self.locate(index);
        part.tags(index)
    }

    fn tag_names(&self) -> &[String] {
        let mut names = self.parts.iter().map(|part| part.tag_names());
        names.find(|names| !names.is_empty()).unwrap_or_default()
    }

    fn belongs_to(&self, index: usize) -> usize {
        let (part, index) = self.starts.locate(index);
        self.starts.of(part) + self.parts[part].belongs_to(index)
    }

    fn id(&self, index: usize) -> String {
        let (part, index) = self.starts.locate(index);
        let id = self.parts[part].id(index);
        if self.numbered {
            format!("{part}/{id}")
        } else {
            id
        }
    }

    fn metadata(&self) -> &[String] {
        &self.metadata
    }

    fn cell(&self, index: usize, column: usize) -> Option<&str> {
        let (part, index) = self.locate(index);
        let name = self.metadata.get(column)?;
        let own = part.metadata().iter().position(|own| own == name)?;
        part.cell(index, own)
    }

    fn notes(&self) -> Vec<String> {
        distinct(self.parts.iter().flat_map(|part| part.notes()))
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        let parts = self.parts.iter().enumerate();
        let runs = parts.flat_map(|(number, part)| {
            let start = self.starts.of(number);
            let blocks = part.blocks().into_iter();
            blocks.map(move |run| run.start + start..run.end + start)
        });
        runs.collect()
    }

    fn blocks_at_once(&self) -> usize {
        let sizes = self.parts.iter().map(|part| part.blocks_at_once());
        sizes.min().unwrap_or(1)
    }
}

/// Whether an id stands in two of `parts`; 8 bytes an image are held while looking.
fn repeat(parts: &[Arc<dyn Dataset>]) -> bool {
    let mut seen = HashSet::new();
    parts.iter().any(|part| {
        let hashes = (0..part.len()).map(|index| {
            let mut hasher = DefaultHasher::new();
            part.id(index).hash(&mut hasher);
            hasher.finish()
        });
        let own: HashSet<u64> = hashes.collect();
        let repeats = own.iter().any(|hash| seen.contains(hash));
        seen.extend(own);
        repeats
    })
}

/// The sentences in this order, each once.
pub(super) fn distinct(sentences: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for sentence in sentences {
        if !all.contains(&sentence) {
            all.push(sentence);
        }
    }
    all
}
