//! Files of ONNX: the messages of the format, and numbers in them; what they mean as networks stands elsewhere.

mod make;
mod messages;
mod numbers;

pub use messages::{
    Attribute, Dimension, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OperatorSet, Property,
    TensorShape, TensorType, ValueInfo, ValueType, element, kind,
};
pub use numbers::Numbers;

use std::path::Path;

use prost::Message;

/// Read the file `path`.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that starts with the file: it cannot be read, is cut short, or is
/// another kind of file.
pub fn read(path: &Path) -> std::result::Result<OnnxModel, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot be read: {e}"))?;
    let model = OnnxModel::decode(bytes.as_slice()).map_err(|e| {
        format!("cannot be read as ONNX: {e}; it may be cut short, or be another kind of file")
    })?;
    if model.graph.is_none() || model.ir_version == 0 {
        return Err(
            "holds no ONNX network; it may be cut short, or be another kind of file".into(),
        );
    }
    Ok(model)
}

/// The bytes of a file that holds `model`.
#[must_use]
pub fn bytes(model: &OnnxModel) -> Vec<u8> {
    model.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Any = Box<dyn std::error::Error>;

    fn model() -> OnnxModel {
        OnnxModel {
            ir_version: 8,
            graph: Some(OnnxGraph {
                node: vec![OnnxNode::new("Relu", "act", &["x"], "y")],
                initializer: vec![OnnxTensor::floats("w", &[2, 3], vec![0.5; 6])],
                input: vec![ValueInfo::floats("x", &["batch", "3"])],
                ..OnnxGraph::default()
            }),
            opset_import: vec![OperatorSet::onnx(17)],
            ..OnnxModel::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back() -> Result<(), Any> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("net.onnx");
        std::fs::write(&path, bytes(&model()))?;
        assert_eq!(read(&path)?, model());
        Ok(())
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused_or_lacks_its_end() -> Result<(), Any> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("net.onnx");
        let whole = bytes(&model());
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length])?;
            match read(&path) {
                Err(problem) => assert!(problem.contains("cut short"), "{problem}"),
                Ok(part) => assert!(part.opset_import.is_empty(), "{length} bytes"),
            }
        }
        Ok(())
    }
}
