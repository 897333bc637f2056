//! Folders that libraries load a network from: its configuration and its parameters.

use std::path::Path;

use candle_core::Tensor;
use serde_json::{Value, json};

use super::network::Exported;
use super::tensors::serialized;
use crate::atomic::{dir_beside, replace_dir, write, write_bytes};
use crate::encoders::EncoderKind;
use crate::error::{Error, Result};

/// Write `tensors` and the configurations, by file name, as the folder `out`.
///
/// # Errors
/// Something else stands at `out`, or the disk is full.
pub(super) fn write_folder(
    exported: &Exported,
    out: &Path,
    tensors: Vec<(String, Tensor)>,
    files: &[(&str, Value)],
) -> Result<()> {
    let ours = out.join("model.safetensors").is_file() || !out.exists();
    let empty = out.is_dir() && std::fs::read_dir(out).is_ok_and(|mut all| all.next().is_none());
    if !ours && !empty {
        return Err(Error::Usage(format!(
            "--out {}: something else stands there; this format is a folder, name a new one",
            out.display()
        )));
    }
    let folder = dir_beside(out)?;
    for (name, value) in files {
        let text = format!("{value:#}\n");
        write(&folder.path().join(name), &text)?;
    }
    let bytes = serialized(exported, tensors, out)?;
    write_bytes(&folder.path().join("model.safetensors"), &bytes)?;
    replace_dir(folder.path(), out)
}

/// The encoder that is written, where its architecture is known.
///
/// # Errors
/// Another program's graph, or a network that was put together by hand.
pub(super) fn encoder<'a>(exported: &'a Exported, library: &str) -> Result<&'a EncoderKind> {
    exported.kind.as_ref().ok_or_else(|| {
        Error::Usage(format!(
            "{library} has no counterpart of this network; give --to onnx, or --to safetensors"
        ))
    })
}

/// Side of the images, their channels, mean and deviation.
pub(super) fn images(exported: &Exported) -> (Value, Vec<f32>, Vec<f32>) {
    let shape = exported.input();
    let channels = shape.first().copied().unwrap_or(3);
    let statistics = exported.statistics.clone();
    let (mean, std) = statistics.map_or_else(
        || (vec![0.0; channels], vec![1.0; channels]),
        |statistics| (statistics.mean, statistics.std),
    );
    (json!(shape), mean, std)
}
