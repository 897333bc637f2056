//! torchvision: a `.pth` that its networks load strictly.

use std::path::Path;

use super::folder::encoder;
use super::format::Format;
use super::network::Exported;
use super::pth::write_archive;
use crate::encoders::counterparts::torchvision::{recipe, tensors};
use crate::error::Result;

/// One `.pth` file with torchvision's names.
pub(super) struct Torchvision;

impl Format for Torchvision {
    fn name(&self) -> &'static str {
        "torchvision"
    }

    fn about(&self) -> &'static str {
        "A .pth that torchvision's network of that kind loads strictly"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["pth", "pt"]
    }

    fn opened(&self, exported: &Exported, file: &str) -> (&'static str, String) {
        let mut lines = vec!["import torch, torchvision".to_string(), String::new()];
        let kind = exported.kind.as_ref();
        let recipe = kind.and_then(|kind| recipe(kind, exported.input()).ok());
        lines.extend(recipe.unwrap_or_default());
        lines.push(format!(
            "model.load_state_dict(torch.load(\"{file}\", weights_only=True))"
        ));
        lines.push("features = model.eval()(images)\n".into());
        ("python", lines.join("\n"))
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        let kind = encoder(exported, "torchvision")?;
        recipe(kind, exported.input())?;
        write_archive(&tensors(kind, exported.encoder())?, out)
    }
}
