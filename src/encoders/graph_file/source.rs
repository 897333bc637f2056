//! A file of ONNX as far as the features need it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::value::Constant;
use crate::error::{Error, Result};
use crate::onnx::{OnnxGraph, OnnxNode, OnnxTensor, read};

/// The nodes between the input and one output.
pub(super) struct Source {
    /// The file, for sentences.
    path: String,
    /// Those that the output depends on, in order.
    pub(super) nodes: Vec<OnnxNode>,
    /// Their constants by name.
    pub(super) constants: HashMap<String, Constant>,
    /// Name of the input.
    pub(super) input: String,
    /// Its dimensions, `None` where they may vary.
    pub(super) dims: Vec<Option<i64>>,
    /// Name of the value that is the features.
    pub(super) output: String,
    /// Version of the operators.
    pub(super) opset: i64,
}

impl Source {
    /// Read `path` up to the value `output`: without one, `features` or the first output.
    ///
    /// # Errors
    /// The file cannot be read or is no ONNX, has numbers in another file, has no such value, or several inputs.
    pub(super) fn open(path: &str, output: Option<&str>) -> Result<Self> {
        let refuse = |problem: String| refuse(path, &problem);
        let model = read(Path::new(path)).map_err(refuse)?;
        let sets = model.opset_import.iter();
        let mut own = sets.filter(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        let opset = own.next().map(|set| set.version);
        let opset = opset.ok_or_else(|| {
            refuse("names no version of ONNX's operators; it may be cut short".into())
        })?;
        let graph = model.graph.unwrap_or_default();
        let output = chosen(&graph, output).map_err(refuse)?;
        let (nodes, used) = needed(&graph, &output);
        let mut constants = HashMap::new();
        for tensor in graph
            .initializer
            .iter()
            .filter(|t| used.contains(t.name.as_str()))
        {
            let constant = constant_of(tensor, &tensor.name).map_err(refuse)?;
            constants.insert(tensor.name.clone(), constant);
        }
        let known = |name: &str| constants.contains_key(name);
        let inputs = graph.input.iter();
        let inputs: Vec<_> = inputs
            .filter(|input| used.contains(input.name.as_str()) && !known(&input.name))
            .collect();
        let [input] = inputs.as_slice() else {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(refuse(format!(
                "its output `{output}` depends on {} inputs ({}), and an encoder takes one",
                names.len(),
                names.join(", ")
            )));
        };
        let tensor = input
            .r#type
            .as_ref()
            .and_then(|kind| kind.tensor_type.as_ref());
        let shape = tensor.and_then(|kind| kind.shape.as_ref());
        let shape =
            shape.ok_or_else(|| refuse(format!("its input `{}` has no shape", input.name)))?;
        Ok(Self {
            path: path.into(),
            dims: shape
                .dim
                .iter()
                .map(|dim| dim.dim_value.filter(|&size| size > 0))
                .collect(),
            input: input.name.clone(),
            nodes,
            constants,
            output,
            opset,
        })
    }

    /// The refusal of this file for `problem`, the end of a sentence.
    pub(super) fn refuse(&self, problem: &str) -> Error {
        refuse(&self.path, problem)
    }
}

fn refuse(path: &str, problem: &str) -> Error {
    Error::key("encoder.file", format!("{path} {problem}"))
}

/// The name of the value that is the features.
fn chosen(graph: &OnnxGraph, wanted: Option<&str>) -> Result<String, String> {
    let outputs: Vec<&str> = graph
        .output
        .iter()
        .map(|output| output.name.as_str())
        .collect();
    if let Some(wanted) = wanted {
        let mut values = graph.node.iter().flat_map(|node| &node.output);
        return match values.find(|name| *name == wanted) {
            Some(name) => Ok(name.clone()),
            None => Err(format!(
                "has no value `{wanted}` (encoder.output); its outputs are {}",
                outputs.join(", ")
            )),
        };
    }
    let named = outputs.iter().find(|name| **name == "features");
    let first = named.or(outputs.first());
    first
        .map(ToString::to_string)
        .ok_or_else(|| "has no output; it may be cut short".into())
}

/// The nodes that `output` depends on, in order, and the names of all values that they take.
fn needed<'a>(graph: &'a OnnxGraph, output: &'a str) -> (Vec<OnnxNode>, HashSet<&'a str>) {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (i, node) in graph.node.iter().enumerate() {
        makers.extend(node.output.iter().map(|name| (name.as_str(), i)));
    }
    let (mut open, mut used) = (vec![output], HashSet::from([output]));
    let mut taken = vec![false; graph.node.len()];
    while let Some(name) = open.pop() {
        let Some(&maker) = makers.get(name) else {
            continue;
        };
        taken[maker] = true;
        for input in &graph.node[maker].input {
            if used.insert(input) {
                open.push(input);
            }
        }
    }
    let nodes = graph.node.iter().zip(taken);
    let nodes = nodes
        .filter(|(_, taken)| *taken)
        .map(|(node, _)| node.clone());
    (nodes.collect(), used)
}

/// The numbers of `tensor`, called `name` in sentences.
pub(super) fn constant_of(tensor: &OnnxTensor, name: &str) -> Result<Constant, String> {
    let refuse = |problem: String| format!("has the tensor `{name}`, which {problem}");
    Ok(Constant {
        name: name.into(),
        dims: tensor.shape().map_err(refuse)?,
        numbers: tensor.numbers().map_err(refuse)?,
    })
}
