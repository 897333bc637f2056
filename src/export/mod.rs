//! The network of a run for other programs: one format a file, and a card beside each.

mod card;
mod fitted;
mod folder;
mod format;
mod license;
mod network;
mod onnx;
mod out;
mod pth;
mod tensors;
mod timm;
mod torchvision;
mod transformers;
mod wanted;

pub use format::{Format, Takes};
pub use network::{ChannelStatistics, ClassAnswers, Exported};
pub use out::export;
pub use wanted::{Export, ExportedFile, With};

use crate::error::{Error, Result, hint};
use crate::registry::Entry;

/// The formats by name: what `ravine export --to` takes.
pub const FORMATS: &[&dyn Format] = &[
    &onnx::Onnx,
    &tensors::Safetensors,
    &pth::Pth,
    &timm::Timm,
    &torchvision::Torchvision,
    &transformers::Transformers,
];

/// The format called `name`.
///
/// # Errors
/// [`Error::Usage`] with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn Format> {
    let found = FORMATS.iter().find(|format| format.name() == name);
    let names = FORMATS.iter().map(|format| format.name());
    found.copied().ok_or_else(|| {
        Error::Usage(format!(
            "there is no format `{name}` to export to; {}",
            hint(name, names)
        ))
    })
}

/// Every format with what it is, for `ravine list`.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let entry = |format: &&dyn Format| Entry {
        name: format.name(),
        about: format!("{}.", format.about()),
        defaults: String::new(),
    };
    FORMATS.iter().map(entry).collect()
}
