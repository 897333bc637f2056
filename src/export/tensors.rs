//! Safetensors: the encoder's parameters by name.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;
use safetensors::{Dtype, View};

use super::format::Format;
use super::network::Exported;
use crate::atomic::write_bytes;
use crate::error::{Error, Result};

/// One `.safetensors` file, with the facts as its metadata.
pub(super) struct Safetensors;

/// Numbers of one parameter.
struct Values {
    dims: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Values {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.dims
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.bytes).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl Format for Safetensors {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn about(&self) -> &'static str {
        "The encoder's parameters under the names of timm or torchvision"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["safetensors"]
    }

    fn opened(&self, _: &Exported, file: &str) -> (&'static str, String) {
        let code = format!(
            "from safetensors.torch import load_file\n\nweights = load_file(\"{file}\")  # name -> tensor\n"
        );
        ("python", code)
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        write_bytes(out, &serialized(exported, exported.encoder(), out)?)
    }
}

/// The bytes of a `.safetensors` file of `tensors`, with the facts as its metadata; it will stand at `out`.
pub(super) fn serialized(
    exported: &Exported,
    tensors: Vec<(String, Tensor)>,
    out: &Path,
) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for (name, tensor) in tensors {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let view = Values {
            dims: tensor.dims().to_vec(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        };
        all.push((name, view));
    }
    let mut facts: HashMap<String, String> = exported.facts.iter().cloned().collect();
    facts.insert("format".into(), "pt".into()); // what transformers asks for
    safetensors::serialize(all, Some(facts))
        .map_err(|e| Error::data(out, format!("cannot be written: {e}")))
}
