//! A network as a file of ONNX: read into ops of our own, so that it is trained like any other.
//!
//! Nodes are walked in order. A name stands for a constant, for the output of a node of our network seen in some way
//! (reshaped, turned, a part of it), or for a part of what exporters write in several nodes: GELU, attention.

mod atoms;
mod attention;
mod constants;
mod heads;
mod layers;
mod parts;
mod pointwise;
mod pools;
mod response;
mod settings;
mod shapes;
mod source;
mod sums;
mod tokens;
mod translation;
mod turned;
mod value;
mod walk;

use std::collections::HashMap;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Encoder;
use crate::error::{Error, Result};
use crate::graph::Graph;
use source::Source;
use walk::translate;

/// A network from a file of ONNX, trained on from the values that it has.
///
/// Its parameters are called as its initializers are; three layers of queries, keys and values become one, `qkv`. A node that no op here stands for is named. Choose it for an
/// architecture that ravine does not have: `torch.onnx.export(model.eval(), x, "net.onnx", opset_version=17)`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GraphFile {
    /// The .onnx file.
    pub file: String,
    /// The value in it that is the features; left out: its output `features`, or its first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

impl GraphFile {
    fn open(&self) -> Result<Source> {
        if self.file.is_empty() {
            return Err(Error::key(
                "encoder.file",
                "name the .onnx file of the network",
            ));
        }
        Source::open(&self.file, self.output.as_deref())
    }
}

impl Encoder for GraphFile {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        Ok(translate(&self.open()?, input)?.0)
    }

    fn takes_rows(&self) -> bool {
        self.open().is_ok_and(|source| source.dims.len() == 2)
    }

    fn needs_file(&self) -> bool {
        true
    }

    fn file(&self) -> Option<&str> {
        Some(&self.file)
    }

    fn start(&self, input: &[usize]) -> Result<HashMap<String, Tensor>> {
        Ok(translate(&self.open()?, input)?.1)
    }
}
