use crate::error::Error;

/// The refusal of a variant without a counterpart.
pub(super) fn without_counterpart(library: &str, what: &str) -> Error {
    Error::Usage(format!(
        "{library} has no counterpart of {what}; give --to onnx, --to safetensors, or --to pth"
    ))
}
