//! Pictures, and what a table says of each.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::classes::Given;
use super::rows::Sheet;
use crate::data::dataset::Dataset;
use crate::data::image::Image;
use crate::data::look::Look;
use crate::data::part::Part;
use crate::data::readers::labels::UNKNOWN;
use crate::data::readers::reader::Parts;
use crate::data::stored::Stored;
use crate::data::subset::Subset;
use crate::error::Result;

/// Pictures with the labels and further columns of a table.
///
/// Memory: 4 bytes a picture for its label, and the text of the further columns with 8 bytes a cell.
pub(in crate::data::readers) struct Described {
    pictures: Arc<dyn Dataset>,
    labels: Given,
    cells: Sheet,
    renamed: HashMap<usize, String>,
    notes: Vec<String>,
}

impl Described {
    /// `pictures` with a row of `cells` each; with `labels` instead of their own, where some are given.
    pub(in crate::data::readers) fn new(
        pictures: Arc<dyn Dataset>,
        labels: Given,
        cells: Sheet,
    ) -> Self {
        Self {
            pictures,
            labels,
            cells,
            renamed: HashMap::new(),
            notes: Vec::new(),
        }
    }

    /// With these ids for some of them.
    pub(in crate::data::readers) fn renamed(mut self, renamed: HashMap<usize, String>) -> Self {
        self.renamed = renamed;
        self
    }

    /// With more that a person should know.
    pub(in crate::data::readers) fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }
}

impl Dataset for Described {
    fn len(&self) -> usize {
        self.pictures.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        self.pictures.get(index)
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        self.pictures.file_bytes(index)
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        self.pictures.stored(index)
    }

    fn look(&self, index: usize) -> Look {
        self.pictures.look(index)
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        self.pictures.file(index)
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        self.pictures.file_length(index)
    }

    fn decodes(&self) -> bool {
        self.pictures.decodes()
    }

    fn label(&self, index: usize) -> Option<u32> {
        match &self.labels {
            Given::Nothing => self.pictures.label(index),
            Given::Classes(classes) => Some(classes.codes[index]).filter(|&label| label != UNKNOWN),
            Given::Tags(_) => None,
        }
    }

    fn classes(&self) -> &[String] {
        match &self.labels {
            Given::Nothing => self.pictures.classes(),
            Given::Classes(classes) => &classes.names,
            Given::Tags(_) => &[],
        }
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        match &self.labels {
            Given::Nothing => self.pictures.tags(index),
            Given::Classes(_) => None,
            Given::Tags(tags) => tags.get(index),
        }
    }

    fn tag_names(&self) -> &[String] {
        match &self.labels {
            Given::Nothing => self.pictures.tag_names(),
            Given::Classes(_) => &[],
            Given::Tags(tags) => tags.names(),
        }
    }

    fn belongs_to(&self, index: usize) -> usize {
        self.pictures.belongs_to(index)
    }

    fn id(&self, index: usize) -> String {
        let renamed = self.renamed.get(&index).cloned();
        renamed.unwrap_or_else(|| self.pictures.id(index))
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.pictures.notes().into_iter();
        notes.chain(self.notes.iter().cloned()).collect()
    }

    fn metadata(&self) -> &[String] {
        self.cells.names()
    }

    fn cell(&self, index: usize, column: usize) -> Option<&str> {
        self.cells.cell(index, column)
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        self.pictures.blocks()
    }

    fn blocks_at_once(&self) -> usize {
        self.pictures.blocks_at_once()
    }
}

/// The images of each part, one after the other.
pub(in crate::data::readers) fn by_part(set: &Arc<dyn Dataset>, parts: Option<Vec<Part>>) -> Parts {
    let Some(parts) = parts else {
        return vec![(Part::Train, set.clone())];
    };
    let of = |wanted: Part| {
        let rows = (0..).zip(&parts).filter(move |(_, part)| **part == wanted);
        let rows: Vec<u32> = rows.map(|(row, _)| row).collect();
        (!rows.is_empty()).then(|| {
            let part: Arc<dyn Dataset> = Arc::new(Subset::new(set.clone(), rows));
            (wanted, part)
        })
    };
    let all = [Part::Train, Part::Validation, Part::Test].into_iter();
    all.filter_map(of).collect()
}
