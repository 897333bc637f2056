//! Many short texts in one piece of memory.

/// Texts one after the other: their bytes, and 8 bytes for the end of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Add `text` as number `place`, and empty ones up to there.
    pub(super) fn put(&mut self, place: usize, text: &str) {
        self.ends.resize(place, self.all.len());
        self.all.push_str(text);
        self.ends.push(self.all.len());
    }

    /// Text number `place`; `None` where it is empty or not there.
    pub(super) fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.all[start..end]).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back_and_what_was_left_out_is_none() {
        let mut texts = Texts::default();
        texts.put(0, "a");
        texts.put(3, "bé");
        texts.put(4, "");
        let all: Vec<Option<&str>> = (0..6).map(|i| texts.get(i)).collect();
        assert_eq!(all, [Some("a"), None, None, Some("bé"), None, None]);
    }
}
