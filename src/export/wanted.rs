//! What is asked for, and what comes of it.

use std::path::PathBuf;

use serde::Serialize;

use super::format::Format;

/// What goes out on top of the encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum With {
    /// Nothing: the features.
    #[default]
    Nothing,
    /// The projector: the embedding that the loss saw, too.
    Projector,
    /// The trained head: a classifier.
    Head,
    /// A logistic probe, fitted on the labelled training images: a classifier.
    Probe,
}

impl With {
    /// All of them but nothing, by the names that `--with` takes.
    pub const ALL: [(&'static str, Self); 3] = [
        ("projector", Self::Projector),
        ("head", Self::Head),
        ("probe", Self::Probe),
    ];
}

/// Which network, where to, and how.
#[derive(Clone)]
pub struct Export {
    /// The format.
    pub to: &'static dyn Format,
    /// The file.
    pub out: PathBuf,
    /// What goes out on top of the encoder.
    pub with: With,
    /// Whether the network takes pixels in [0, 1] and normalises them itself.
    pub normalize: bool,
    /// Whether images may be of any size.
    pub any_size: bool,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedFile {
    /// The file.
    pub out: String,
    /// The card beside it.
    pub card: String,
    /// Its format.
    pub format: String,
    /// Names of the outputs, where the file holds a graph.
    pub outputs: Vec<String>,
    /// Names of the classes of a classifier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Numbers in the features of one image.
    pub features: usize,
    /// Trainable numbers.
    pub parameters: usize,
}
