//! What a format is.

use std::path::Path;

use super::network::Exported;
use crate::error::Result;

/// What of a network a format can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// The parameters of the encoder.
    Encoder,
    /// The graph, with what stands on the encoder and what is done to its input.
    Everything,
}

/// A kind of file that other programs read networks from.
pub trait Format: Sync {
    /// The name that `ravine export --to` takes.
    fn name(&self) -> &'static str;

    /// What it is, in one sentence without a full stop.
    fn about(&self) -> &'static str;

    /// What it can hold.
    fn takes(&self) -> Takes {
        Takes::Encoder
    }

    /// Whether the result is a folder instead of a file.
    fn is_folder(&self) -> bool {
        false
    }

    /// How a file of it may be named, without the dot; a folder has any name.
    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    /// How the result is opened: code for the card, with its language.
    fn opened(&self, exported: &Exported, file: &str) -> (&'static str, String);

    /// Write the whole of `exported` to `out`, or nothing.
    ///
    /// # Errors
    /// The disk is full, or the folder is missing.
    fn write(&self, exported: &Exported, out: &Path) -> Result<()>;
}
