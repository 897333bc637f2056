//! What is known of one picture, and the files that take it.

use std::collections::HashMap;

use crate::data::{Dataset, readers::Parts};
use crate::error::Result;

/// One picture of a packed set.
pub(super) struct Row<'a> {
    /// Its place among those of its part that were written.
    pub(super) number: usize,
    /// Its file.
    pub(super) bytes: Vec<u8>,
    /// What its file is called at the end.
    pub(super) extension: String,
    /// What it is found by in its source.
    pub(super) id: String,
    /// Place of its class in [`Names::classes`].
    pub(super) label: Option<usize>,
    /// Places of its tags in [`Names::tags`].
    pub(super) tags: Option<Vec<i64>>,
    /// One for each of [`Names::columns`].
    pub(super) cells: Vec<Option<&'a str>>,
}

impl Row<'_> {
    /// Bytes that it takes, roughly.
    pub(super) fn size(&self) -> usize {
        let cells = self.cells.iter().flatten().map(|cell| cell.len());
        self.bytes.len() + self.id.len() + cells.sum::<usize>()
    }
}

/// A file under construction.
pub(super) trait Sink {
    /// Add a picture after those already there.
    fn add(&mut self, row: &Row) -> Result<()>;

    /// Put the file under its final name; its length and its SHA-256.
    fn finish(self: Box<Self>) -> Result<(u64, String)>;
}

/// What labels and further columns are called, alike in all parts.
pub(super) struct Names {
    pub(super) classes: Vec<String>,
    /// Of images with several labels each.
    pub(super) tags: Vec<String>,
    /// The further columns as they are written.
    pub(super) columns: Vec<String>,
    sources: Vec<String>, // the same as the source calls them
}

impl Names {
    /// Those of all parts; a column that is called as one of the file's `own` gets a line behind it: `label_`.
    pub(super) fn of(parts: &Parts, own: &[&str]) -> Self {
        let widest = parts.iter().map(|(_, set)| set.classes());
        let widest = widest.rev().max_by_key(|classes| classes.len());
        let mut classes = widest.unwrap_or_default().to_vec();
        let mut tags: Vec<String> = Vec::new();
        let (mut columns, mut sources) = (Vec::new(), Vec::<String>::new());
        for (_, set) in parts {
            for class in set.classes() {
                if !classes.contains(class) {
                    classes.push(class.clone());
                }
            }
            let new = set.tag_names().iter().filter(|tag| !tags.contains(tag));
            let new: Vec<String> = new.cloned().collect();
            tags.extend(new);
            for name in set.metadata() {
                if sources.contains(name) {
                    continue;
                }
                let mut free = name.clone();
                while own.contains(&free.as_str()) || columns.contains(&free) {
                    free.push('_');
                }
                sources.push(name.clone());
                columns.push(free);
            }
        }
        Self {
            classes,
            tags,
            columns,
            sources,
        }
    }

    /// Where the classes and the columns of `set` stand among these.
    pub(super) fn places(&self, set: &dyn Dataset) -> Places {
        let numbers: HashMap<&String, usize> = self.classes.iter().zip(0..).collect();
        let number = |class| numbers.get(class).copied();
        let tag = |name| self.tags.iter().position(|own| own == name).unwrap_or(0) as i64;
        let place = |name| set.metadata().iter().position(|own| own == name);
        Places {
            labels: set.classes().iter().map(number).collect(),
            tags: set.tag_names().iter().map(tag).collect(),
            columns: self.sources.iter().map(place).collect(),
        }
    }
}

/// Where the classes and the columns of one part stand among those of all.
pub(super) struct Places {
    labels: Vec<Option<usize>>,
    tags: Vec<i64>,
    columns: Vec<Option<usize>>,
}

impl Places {
    pub(super) fn label(&self, set: &dyn Dataset, index: usize) -> Option<usize> {
        *self.labels.get(set.label(index)? as usize)?
    }

    pub(super) fn tags(&self, set: &dyn Dataset, index: usize) -> Option<Vec<i64>> {
        let tags = set.tags(index)?.iter();
        Some(tags.map(|&tag| self.tags[tag as usize]).collect())
    }

    pub(super) fn cells<'a>(&self, set: &'a dyn Dataset, index: usize) -> Vec<Option<&'a str>> {
        let columns = self.columns.iter();
        columns.map(|column| set.cell(index, (*column)?)).collect()
    }
}
