//! What `.json` says of a sample beside its class.

use serde_json::{Map, Value};

use crate::data::readers::sheet::{Sheet, text};

/// More text than this is left where it lies.
const MOST_TEXT: usize = 64 << 20;

/// The keys of `.json` as further columns.
#[derive(Default)]
pub(super) struct Further {
    sheet: Sheet,
    bytes: usize, // of all parts
}

impl Further {
    /// Whether more may be added.
    pub(super) fn has_room(&self) -> bool {
        self.bytes <= MOST_TEXT
    }

    /// The next sample, with its `.json` where it has one.
    pub(super) fn add(&mut self, json: Option<Map<String, Value>>) {
        let object = json.unwrap_or_default();
        let cells: Vec<(String, String)> = object
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect();
        let lengths = cells
            .iter()
            .map(|(_, cell)| cell.len() + size_of::<usize>());
        self.bytes += lengths.sum::<usize>();
        self.sheet
            .push_named(cells.iter().map(|(n, c)| (n.as_str(), c.as_str())));
    }

    /// The further columns of the samples since the last call; what stands instead of them where they are too much to be
    /// kept.
    pub(super) fn take(&mut self) -> Result<Sheet, String> {
        let sheet = std::mem::take(&mut self.sheet);
        if self.has_room() {
            return Ok(sheet);
        }
        Err(format!(
            "what stands in `.json` beside the classes is more than {} MiB of text and is passed over",
            MOST_TEXT >> 20
        ))
    }
}
