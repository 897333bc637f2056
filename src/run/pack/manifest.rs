//! What was packed, as the file beside it tells.

use std::collections::BTreeMap;

use serde::Serialize;

use super::row::Names;
use super::wanted::{PackFormat, Packing};
use crate::data::{Bad, DataConfig, Part, Stock};

/// The name of the file in a packed folder.
pub(super) const MANIFEST: &str = "pack.json";

/// Pictures passed over that are named.
const NAMED: usize = 1000;

/// A packed set.
#[derive(Clone, Debug, Serialize)]
pub struct PackedSet {
    /// Where it lies.
    pub out: String,
    /// What was packed.
    pub source: String,
    /// How it is stored.
    pub format: PackFormat,
    /// Shorter side that larger pictures were resized to; `None`: all are as they were.
    pub size: Option<usize>,
    /// Pictures in it.
    pub images: usize,
    /// Its parts.
    pub parts: Vec<PackedPart>,
    /// Class names by label.
    pub classes: Vec<String>,
    /// Names of the labels of which a picture may have several.
    pub tags: Vec<String>,
    /// Further columns.
    pub columns: Vec<String>,
    /// Its files.
    pub files: Vec<PackedFile>,
    /// Pictures that could not be read.
    pub unreadable: usize,
    /// The first 1,000 of them.
    pub passed_over: Vec<Bad>,
    /// What a person should know of the source and of how to read the copy, a sentence each.
    pub notes: Vec<String>,
}

/// What is packed of one part.
#[derive(Clone, Debug, Serialize)]
pub struct PackedPart {
    /// Its name.
    pub part: Part,
    /// Pictures.
    pub images: usize,
    /// Pictures of each class, by its name.
    pub classes: BTreeMap<String, usize>,
    /// Pictures without a label.
    pub unlabelled: usize,
}

/// A file of a packed set.
#[derive(Clone, Debug, Serialize)]
pub struct PackedFile {
    /// Its name.
    pub name: String,
    /// The part that its pictures are of.
    pub part: Part,
    /// Pictures in it.
    pub images: usize,
    /// Its length.
    pub bytes: u64,
    /// Its digest in hexadecimal.
    pub sha256: String,
}

impl PackedSet {
    /// Nothing packed yet.
    pub(super) fn new(config: &DataConfig, wanted: &Packing, names: &Names, stock: &Stock) -> Self {
        let mut notes: Vec<String> = Vec::new();
        for note in stock.parts.iter().flat_map(|(_, set)| set.notes()) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        if let Some(range) = config.range {
            notes.push(format!(
                "values are packed as they are stored: read them with data.range={range}, as here"
            ));
        }
        if stock.channels == 1 {
            notes.push(
                "the pictures are read in grey here: read the packed ones with data.channels=1 too"
                    .into(),
            );
        }
        Self {
            out: wanted.out.display().to_string(),
            source: config.sources_in_words(),
            format: wanted.format,
            size: wanted.size,
            images: 0,
            parts: Vec::new(),
            classes: names.classes.clone(),
            tags: names.tags.clone(),
            columns: names.columns.clone(),
            files: Vec::new(),
            unreadable: 0,
            passed_over: Vec::new(),
            notes,
        }
    }

    /// One more picture that cannot be read.
    pub(super) fn pass_over(&mut self, bad: Bad) {
        self.unreadable += 1;
        if self.passed_over.len() < NAMED {
            self.passed_over.push(bad);
        }
    }
}
