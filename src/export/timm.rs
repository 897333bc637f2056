//! timm: a folder for `timm.create_model("local-dir:FOLDER")`.

use std::path::Path;

use serde_json::json;

use super::folder::{encoder, images, write_folder};
use super::format::Format;
use super::network::Exported;
use crate::encoders::counterparts::timm::{architecture, tensors};
use crate::error::Result;

/// A folder with timm's `config.json` and `model.safetensors`.
pub(super) struct Timm;

impl Format for Timm {
    fn name(&self) -> &'static str {
        "timm"
    }

    fn about(&self) -> &'static str {
        "A folder that timm.create_model loads as local-dir"
    }

    fn is_folder(&self) -> bool {
        true
    }

    fn opened(&self, _: &Exported, file: &str) -> (&'static str, String) {
        let code = format!(
            "import timm\n\nmodel = timm.create_model(\"local-dir:{file}\", pretrained=True, num_classes=0).eval()\n\
             features = model(images)\n"
        );
        ("python", code)
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        let kind = encoder(exported, "timm")?;
        let (architecture, mut arguments) = architecture(kind, exported.input())?;
        let (size, mean, std) = images(exported);
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("in_chans".into(), size[0].clone());
        }
        let config = json!({
            "architecture": architecture,
            "num_classes": 0,
            "num_features": exported.features(),
            "model_args": arguments,
            "pretrained_cfg": {
                "input_size": size,
                "mean": mean,
                "std": std,
                "interpolation": "bilinear",
                "crop_pct": 1.0,
                "num_classes": 0,
                "license": exported.license(),
            },
        });
        let tensors = tensors(kind, exported.encoder())?;
        write_folder(exported, out, tensors, &[("config.json", config)])
    }
}
