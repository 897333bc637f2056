//! From the nodes of a file to a network.

use std::collections::HashMap;

use candle_core::Tensor;

use super::constants::fold;
use super::settings::{self, Problem};
use super::source::Source;
use super::translation::Translation;
use super::value::{Constant, Value};
use super::{heads, layers, parts, pointwise, pools, response, shapes, turned};
use crate::error::Result;
use crate::graph::ops::{Pointwise, Relu, Tanh};
use crate::graph::{Graph, Op};
use crate::kernels::curve::Curve;
use crate::onnx::OnnxNode;

/// The network of `source` for samples of shape `input`, and what its parameters start from.
///
/// # Errors
/// Samples that the file does not take, or a node that is no op here.
pub(super) fn translate(
    source: &Source,
    input: &[usize],
) -> Result<(Graph, HashMap<String, Tensor>)> {
    fits(source, input).map_err(|problem| source.refuse(&problem))?;
    let constants = source.constants.iter();
    let values = constants.map(|(name, value)| (name.clone(), Value::Constant(value.clone())));
    let fixed = source.dims[0];
    let mut to = Translation::new(input, values.collect(), fixed);
    let start = to.plain(to.graph.input());
    to.values.insert(source.input.clone(), Value::View(start));
    for node in &source.nodes {
        let values = one(node, &mut to).map_err(|problem| {
            source.refuse(&format!(
                "is not read: node `{}` is `{}` (opset {}), which {problem}",
                settings::name(node),
                node.op_type,
                source.opset
            ))
        })?;
        let named = node.output.iter().cloned().zip(values);
        to.values.extend(named.filter(|(name, _)| !name.is_empty()));
    }
    let view = to.view(&source.output).and_then(|view| to.settle(&view));
    let features = view.map_err(|problem| {
        source.refuse(&format!("ends with `{}`, which {problem}", source.output))
    })?;
    let shape = to.graph.shape(features);
    if shape.len() != 1 {
        return Err(source.refuse(&format!(
            "gives {shape:?} numbers a sample at `{}`, and features are one row; end it with a pool, or name another \
             value with encoder.output",
            source.output
        )));
    }
    to.graph.mark("features", features);
    heads::used(&to.graph, to.start).map_err(|problem| source.refuse(&problem))
}

/// Whether samples of shape `input` are what the file takes.
fn fits(source: &Source, input: &[usize]) -> std::result::Result<(), Problem> {
    let sample = source.dims.get(1..).unwrap_or_default();
    let same = |(&own, &given): (&Option<i64>, &usize)| own.is_none_or(|own| own == given as i64);
    if sample.len() == input.len() && sample.iter().zip(input).all(same) {
        return Ok(());
    }
    let dims: Vec<String> = source
        .dims
        .iter()
        .map(|dim| dim.map_or("any".into(), |size| size.to_string()))
        .collect();
    Err(format!(
        "takes ({}) and these samples are {input:?} (channels, height, width); set augment.size and data.channels to \
         what it takes",
        dims.join(", ")
    ))
}

/// The values of `node`.
fn one(node: &OnnxNode, to: &mut Translation) -> std::result::Result<Vec<Value>, Problem> {
    if !["", "ai.onnx"].contains(&node.domain.as_str()) {
        return Err(format!(
            "is of the operators {}, which are not read",
            node.domain
        ));
    }
    if let Some(constants) = constants(node, to)
        && !["Shape", "Expand"].contains(&node.op_type.as_str())
    {
        return Ok(vec![Value::Constant(fold(node, &constants)?)]);
    }
    let sums = |name: &String| matches!(to.values.get(name), Some(Value::Sums(_)));
    if node.input.iter().any(sums)
        && let Some(value) = turned::value(node, to)?
    {
        return Ok(vec![value]);
    }
    turned::recognize(node, to)?;
    op(node, to).or_else(|problem| {
        let may_turn = ["Slice", "Mul", "Neg"].contains(&node.op_type.as_str());
        let value = may_turn
            .then(|| turned::value(node, to).ok().flatten())
            .flatten();
        value.map(|value| vec![value]).ok_or(problem)
    })
}

/// The values of `node`, which is one of the operators and works on some value of the network.
fn op(node: &OnnxNode, to: &mut Translation) -> std::result::Result<Vec<Value>, Problem> {
    let value = match node.op_type.as_str() {
        "Identity" | "Dropout" | "Cast" => to.value(layers::required(node, 0)?)?.clone(),
        "Conv" => layers::conv(node, to)?,
        "BatchNormalization" => layers::batch_norm(node, to)?,
        "LayerNormalization" => layers::layer_norm(node, to)?,
        "Gemm" => layers::gemm(node, to)?,
        "MatMul" => layers::matmul(node, to)?,
        "MaxPool" => layers::max_pool(node, to)?,
        "GlobalAveragePool" => pools::global(node, to)?,
        "ReduceMean" => pools::reduce(node, to)?,
        "ReduceL2" => response::length(node, to)?,
        "Relu" => pointwise::activation(node, Op::Relu(Relu), to)?,
        "Tanh" => pointwise::activation(node, Op::Tanh(Tanh), to)?,
        "Sigmoid" => pointwise::sigmoid(node, to)?,
        "HardSwish" => pointwise::activation(node, Op::Pointwise(Pointwise(Curve::HardSwish)), to)?,
        "HardSigmoid" => pointwise::hard_sigmoid(node, to)?,
        "Gelu" => pointwise::gelu(node, to)?,
        "Erf" => pointwise::erf(node, to)?,
        "Add" => pointwise::add(node, to)?,
        "Sub" => pointwise::sub(node, to)?,
        "Mul" => pointwise::mul(node, false, to)?,
        "Div" => pointwise::mul(node, true, to)?,
        "Softmax" => pointwise::softmax(node, to)?,
        "Shape" => shapes::shape(node, to)?,
        "Reshape" => shapes::reshape(node, to)?,
        "Pad" => shapes::pad(node, to)?,
        "Flatten" => shapes::flatten(node, to)?,
        "Transpose" => shapes::transpose(node, to)?,
        "Squeeze" => shapes::squeeze(node, to)?,
        "Unsqueeze" => shapes::unsqueeze(node, to)?,
        "Gather" => parts::gather(node, to)?,
        "Slice" => parts::slice(node, to)?,
        "Split" => return parts::split(node, to),
        "Concat" => parts::concat(node, to)?,
        "Expand" => parts::expand(node, to)?,
        _ => return Err("no op here stands for".into()),
    };
    Ok(vec![value])
}

/// The inputs of `node`, where all are constants.
fn constants(node: &OnnxNode, to: &Translation) -> Option<Vec<Option<Constant>>> {
    let input = |name: &String| match to.values.get(name) {
        Some(Value::Constant(constant)) => Some(Some(constant.clone())),
        None if name.is_empty() => Some(None),
        _ => None,
    };
    node.input.iter().map(input).collect()
}
