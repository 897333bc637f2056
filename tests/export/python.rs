//! onnxruntime, where Python has it.

use std::path::Path;
use std::process::Command;

use candle_core::{Device, Tensor};

use crate::common::Any;

/// The Python to ask: RAVINE_PYTHON, or `python3`.
pub fn python() -> String {
    std::env::var("RAVINE_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// Write the numbers of `x` to `path`.
pub fn floats(path: &Path, x: &Tensor) -> Result<(), Any> {
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(std::fs::write(path, bytes)?)
}

/// Write the input `x` of the network called `name` into `folder`.
pub fn input(folder: &Path, name: &str, x: &Tensor) -> Result<(), Any> {
    floats(&folder.join(format!("{name}.in.f32")), x)?;
    let shape = serde_json::to_string(x.dims())?;
    Ok(std::fs::write(folder.join(format!("{name}.json")), shape)?)
}

/// Run every network in `folder`; `false` where Python lacks onnx or onnxruntime, which is printed.
pub fn run(folder: &Path) -> bool {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/check_onnx.py");
    let output = Command::new(python()).arg(script).arg(folder).output();
    let output = match output {
        Ok(output) if output.status.code() != Some(3) => output,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            println!("skipped: {} says: {said}", python());
            return false;
        }
        Err(e) => {
            println!("skipped: {} does not start: {e}", python());
            return false;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    true
}

/// The output `output` that onnxruntime gave of the network called `name`, in the shape `dims`.
pub fn output(folder: &Path, name: &str, output: &str, dims: &[usize]) -> Result<Tensor, Any> {
    let bytes = std::fs::read(folder.join(format!("{name}.{output}.f32")))?;
    let values = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(Tensor::from_vec(values.collect(), dims, &Device::Cpu)?)
}
