//! A column of words of which many rows share one.

use std::collections::HashMap;

/// A word, or none, for every row.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    names: Vec<String>,
    places: HashMap<String, u32>,
    rows: Vec<u32>,
}

/// The place of no word.
const NONE: u32 = u32::MAX;

impl Words {
    pub(super) fn push(&mut self, word: Option<&str>) {
        let place = word.map_or(NONE, |word| {
            self.places.get(word).copied().unwrap_or_else(|| {
                let place = self.names.len() as u32;
                self.names.push(word.into());
                self.places.insert(word.into(), place);
                place
            })
        });
        self.rows.push(place);
    }

    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let place = *self.rows.get(row)?;
        self.names.get(place as usize).map(String::as_str)
    }

    /// Whether any row has a word.
    pub(super) fn is_any(&self) -> bool {
        !self.names.is_empty()
    }
}
