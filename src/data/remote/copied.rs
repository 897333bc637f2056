//! What copies may take, and what they are.

use std::path::PathBuf;

/// Where copies are kept, and how much of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::data) struct Limits {
    /// The folder; `None`: that of the environment, else the user's.
    pub(in crate::data) folder: Option<PathBuf>,
    /// Bytes of all copies.
    pub(in crate::data) bytes: u64,
}

/// A source that was copied.
#[derive(Clone, Debug)]
pub(in crate::data) struct Copied {
    /// The file or folder.
    pub(in crate::data) path: PathBuf,
    /// What a person should know of it, a sentence each.
    pub(in crate::data) notes: Vec<String>,
}

/// What copying came to, as an error that can be told again.
pub(super) type Outcome = std::result::Result<Copied, String>;
