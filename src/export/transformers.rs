//! transformers: a folder for `AutoModel.from_pretrained`.

use std::path::Path;

use serde_json::json;

use super::folder::{encoder, images, write_folder};
use super::format::Format;
use super::network::Exported;
use crate::encoders::counterparts::transformers::{features, model};
use crate::error::Result;

/// A folder with `config.json`, `preprocessor_config.json` and `model.safetensors`.
pub(super) struct Transformers;

impl Format for Transformers {
    fn name(&self) -> &'static str {
        "hf"
    }

    fn about(&self) -> &'static str {
        "A folder that transformers' AutoModel loads (ViT, DINOv2, ConvNeXt, ResNet)"
    }

    fn is_folder(&self) -> bool {
        true
    }

    fn opened(&self, exported: &Exported, file: &str) -> (&'static str, String) {
        let features = exported.kind.as_ref().map(features).unwrap_or_default();
        let code = format!(
            "from transformers import AutoModel\n\nmodel = AutoModel.from_pretrained(\"{file}\").eval()\n\
             features = model(pixel_values=images).{features}\n"
        );
        ("python", code)
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        let kind = encoder(exported, "transformers")?;
        let (size, mean, std) = images(exported);
        let (config, tensors) = model(kind, exported.input(), exported.encoder())?;
        let preprocessor = json!({
            "image_processor_type": "BitImageProcessor", "do_resize": true, "do_center_crop": true,
            "size": {"shortest_edge": size[1]}, "crop_size": {"height": size[1], "width": size[2]}, "resample": 2,
            "do_rescale": true, "do_normalize": true, "rescale_factor": 1.0 / 255.0,
            "image_mean": mean, "image_std": std,
        });
        let files = [
            ("config.json", config),
            ("preprocessor_config.json", preprocessor),
        ];
        write_folder(exported, out, tensors, &files)
    }
}
