//! The sources that a configuration names, and where they lie.

use std::path::PathBuf;

use super::config::DataConfig;
use super::generators;
use super::readers::ReaderKind;
use super::remote::{self, Copied, Limits};
use crate::error::Result;

/// GiB that copies of what lies on the net may take where nothing is said.
const REMOTE_GIB: f64 = 50.0;

impl DataConfig {
    /// All sources, the first one first.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let more = self.more.iter().map(String::as_str);
        std::iter::once(self.source.as_str()).chain(more)
    }

    /// All sources in words.
    #[must_use]
    pub fn sources_in_words(&self) -> String {
        self.sources().collect::<Vec<_>>().join(" and ")
    }

    /// Take these sources instead; nothing changes where there is none.
    pub fn use_sources(&mut self, sources: &[String]) {
        if let [first, more @ ..] = sources {
            self.source.clone_from(first);
            self.more = more.to_vec();
        }
    }

    /// Whether `sources` are those of this configuration, by their last names, in another order: images would change parts.
    #[must_use]
    pub fn are_reordered(&self, sources: &[String]) -> bool {
        let name = |source: &str| {
            source
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .map(String::from)
        };
        let own: Vec<_> = self.sources().map(name).collect();
        let new: Vec<_> = sources.iter().map(|source| name(source)).collect();
        let sorted = |names: &Vec<Option<String>>| {
            let mut names = names.clone();
            names.sort();
            names
        };
        own != new && sorted(&own) == sorted(&new)
    }

    /// The first source that is a path at which nothing lies.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        self.sources().find(|source| lies_nowhere(source))
    }

    /// The first source as a path; of an address on the net that of its copy, which is made when it is first asked for.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let place = self.place(&self.source);
        place.map_or_else(|_| PathBuf::from(&self.source), |place| place.path)
    }

    /// Where `source` lies on this machine: itself, or the copy of an address.
    ///
    /// # Errors
    /// An address that cannot be copied, with the way out.
    pub(super) fn place(&self, source: &str) -> Result<Copied> {
        if !remote::is_remote(source) {
            return Ok(Copied {
                path: source.into(),
                notes: Vec::new(),
            });
        }
        let gib = self.remote_gib.unwrap_or(REMOTE_GIB);
        let limits = Limits {
            folder: self.remote_cache.clone(),
            bytes: (gib * (1_u64 << 30) as f64) as u64,
        };
        remote::copied(source, &limits)
    }
}

/// Whether `source` is a path at which nothing lies.
fn lies_nowhere(source: &str) -> bool {
    if remote::is_remote(source) {
        return false; // what is wrong with an address is said when it is opened
    }
    let path = PathBuf::from(source);
    let mut readers = ReaderKind::ALL.iter().filter_map(|kind| kind.reader());
    !path.exists()
        && generators::find(source).is_none()
        && !readers.any(|reader| {
            reader.is_there(&path) && reader.recognizes(&path).is_ok_and(|found| found)
        })
}
