//! The classes of the images of a set while they are read: numbers or words.

use std::collections::HashMap;

pub(super) use crate::data::ordered::ordered;

/// Above this a number is no class; it bounds the list of class names.
const MAX_CLASSES: i64 = 1 << 20;

/// Stands for an image without a label.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// The class of each image of a shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Labels {
    /// Numbers of classes, or places in `words`; [`UNKNOWN`] where an image has none.
    pub(super) codes: Vec<u32>,
    /// The names that stand in the column; `None` where it holds numbers.
    pub(super) words: Option<Vec<String>>,
}

impl Labels {
    /// Whether no image has a label.
    pub(super) fn are_unknown(&self) -> bool {
        self.codes.iter().all(|&code| code == UNKNOWN)
    }

    /// Give the classes called `self.words` their places in `classes`, which holds all of them.
    pub(super) fn renumber(&mut self, classes: &[String]) {
        let Some(words) = &mut self.words else {
            return;
        };
        let places: HashMap<&String, u32> = classes.iter().zip(0..).collect();
        let new: Vec<u32> = words
            .iter()
            .map(|word| places.get(word).copied().unwrap_or(UNKNOWN))
            .collect();
        for code in self.codes.iter_mut().filter(|code| **code != UNKNOWN) {
            *code = new[*code as usize];
        }
        *words = classes.to_vec();
    }
}

/// Labels under construction.
#[derive(Default)]
pub(super) struct Collected {
    labels: Labels,
    places: HashMap<String, u32>,
    /// What is no class, and why: such a column is refused when it was asked for, and no label otherwise.
    pub(super) no_class: Option<String>,
}

impl Collected {
    /// The next image is of the class with this number; of none below 0.
    ///
    /// # Errors
    /// A number above all that a class may have.
    pub(super) fn number(&mut self, number: Option<i64>) -> Result<(), String> {
        self.labels.codes.push(match number {
            Some(label) if label > MAX_CLASSES => {
                return Err(format!("{label} is too large for a class number"));
            }
            Some(label) if label >= 0 => label as u32,
            _ => UNKNOWN,
        });
        Ok(())
    }

    /// The next image is of the class of this name.
    ///
    /// # Errors
    /// More names than there may be classes.
    pub(super) fn word(&mut self, word: Option<&str>) -> Result<(), String> {
        self.labels.words.get_or_insert_default();
        let code = match word.filter(|word| !word.is_empty()) {
            Some(word) => self.place(word)?,
            None => UNKNOWN,
        };
        self.labels.codes.push(code);
        Ok(())
    }

    /// The place of `word` among the names, where it is added if it is new.
    ///
    /// # Errors
    /// As [`Collected::word`].
    pub(super) fn place(&mut self, word: &str) -> Result<u32, String> {
        let words = self.labels.words.get_or_insert_default();
        if let Some(&code) = self.places.get(word) {
            return Ok(code);
        }
        if words.len() as i64 > MAX_CLASSES {
            return Err(format!(
                "labels: more than {MAX_CLASSES} different names are no classes"
            ));
        }
        let code = words.len() as u32;
        words.push(word.to_string());
        self.places.insert(word.to_string(), code);
        Ok(code)
    }

    /// The labels of `rows` images.
    pub(super) fn finish(self, rows: usize) -> Result<Labels, String> {
        let found = self.labels.codes.len();
        if found != rows {
            return Err(format!("{found} labels for {rows} images"));
        }
        Ok(self.labels)
    }
}
