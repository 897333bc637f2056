//! ONNX: the network for onnxruntime, tract and what else reads it.
//!
//! Opset 17 and version 8 of the format, which runtimes of 2022 load; opset 18 where positions are interpolated inside
//! (`Resize` with antialiasing).

mod answers;
mod attention;
mod channels;
mod heads;
mod ops;
mod place;
mod tokens;
mod windows;
mod writer;

use std::path::Path;

use super::format::{Format, Takes};
use super::network::{Exported, bare};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId, Op};
use crate::onnx::{OnnxGraph, OnnxModel, OperatorSet, Property, ValueInfo, bytes};
use place::{Image, Place};
use writer::Writer;

/// Version of the format.
const IR_VERSION: i64 = 8;

/// Version of the operators.
const OPSET: i64 = 17;

/// The same where positions are interpolated inside.
const OPSET_RESIZE: i64 = 18;

/// The name of the input.
const INPUT: &str = "input";

/// One `.onnx` file with a symbolic batch.
pub(super) struct Onnx;

impl Format for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn about(&self) -> &'static str {
        "One file for onnxruntime, tract and other runtimes, with projector, head or probe on request"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["onnx"]
    }

    fn takes(&self) -> Takes {
        Takes::Everything
    }

    fn opened(&self, exported: &Exported, file: &str) -> (&'static str, String) {
        let graph = &exported.graph;
        let shape: Vec<String> = graph
            .shape(graph.input())
            .iter()
            .map(usize::to_string)
            .collect();
        let outputs = exported.output_names();
        let code = format!(
            "import numpy as np\nimport onnxruntime\n\nsession = onnxruntime.InferenceSession(\"{file}\")\n\
             images = np.zeros((1, {}), np.float32)  # see Input\n\
             {}, = session.run([\"{}\"], {{\"{INPUT}\": images}})\n",
            shape.join(", "),
            outputs
                .last()
                .map_or("values", String::as_str)
                .replace("class", "classes"),
            outputs.last().map_or("", String::as_str),
        );
        ("python", code)
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        crate::atomic::write_bytes(out, &bytes(&model(exported)?))
    }
}

/// `exported` as a message.
fn model(exported: &Exported) -> Result<OnnxModel> {
    let resizes = exported.any_size && embeds_tokens(&exported.graph);
    let opset = if resizes { OPSET_RESIZE } else { OPSET };
    let mut to = Writer::new(&exported.params, opset);
    let mut values = vec![normalized(exported, &mut to)?];
    for id in 1..exported.graph.nodes().len() {
        let value = node(exported, id, &values, &mut to)?;
        values.push(value);
    }
    let mut outputs = Vec::new();
    for (name, id) in &exported.outputs {
        to.output(&values[id.0], name);
        outputs.push(ValueInfo::floats(name, &dims(exported, *id)));
    }
    if let Some(answers) = &exported.answers {
        let codes = answers.codes.iter().map(|code| values[code.0].as_str());
        outputs.extend(answers::write(answers, &codes.collect::<Vec<_>>(), &mut to));
    }
    let graph = OnnxGraph {
        name: exported.title.clone(),
        input: vec![ValueInfo::floats(INPUT, &input_dims(exported))],
        output: outputs,
        ..to.finish()
    };
    let facts = exported.facts.iter();
    Ok(OnnxModel {
        ir_version: IR_VERSION,
        producer_name: "ravine".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: exported.title.clone(),
        graph: Some(graph),
        opset_import: vec![OperatorSet::onnx(opset)],
        metadata_props: facts
            .map(|(key, value)| Property::new(key, value.as_str()))
            .collect(),
    })
}

fn embeds_tokens(graph: &Graph) -> bool {
    let mut ops = graph.nodes().iter().filter_map(|node| node.op.as_ref());
    ops.any(|op| matches!(op, Op::TokenEmbed(_)))
}

/// The shape of a value: a batch of any size of what one sample has.
fn dims(exported: &Exported, id: NodeId) -> Vec<String> {
    let sample = exported.graph.shape(id).iter().map(usize::to_string);
    std::iter::once("batch".to_string()).chain(sample).collect()
}

/// The shape of the input: batch, channels, and sides that may vary on request.
fn input_dims(exported: &Exported) -> Vec<String> {
    let graph = &exported.graph;
    let mut dims = dims(exported, graph.input());
    if let [_, _, height, width] = dims.as_mut_slice()
        && exported.any_size
    {
        *height = "height".into();
        *width = "width".into();
    }
    dims
}

/// The input as the network takes it: `(x − mean) / std` where that happens inside.
fn normalized(exported: &Exported, to: &mut Writer) -> Result<String> {
    let Some(statistics) = exported.normalize.as_ref() else {
        return Ok(INPUT.into());
    };
    let channels = |values: &[f32]| {
        candle_core::Tensor::from_slice(values, (1, values.len(), 1, 1), exported.params.device())
    };
    let mean = to.tensor("normalize.mean", &channels(&statistics.mean)?)?;
    let std = to.tensor("normalize.std", &channels(&statistics.std)?)?;
    let centered = to.node("Sub", "normalize/centered", &[INPUT, &mean]);
    Ok(to.node("Div", "normalize", &[&centered, &std]))
}

/// Write node `id`; the name of its value.
fn node(exported: &Exported, id: usize, values: &[String], to: &mut Writer) -> Result<String> {
    let graph = &exported.graph;
    let node = &graph.nodes()[id];
    let Some(op) = &node.op else {
        return Err(Error::Failed("the network has two inputs".into()));
    };
    let inputs: Vec<String> = node.inputs.iter().map(|i| values[i.0].clone()).collect();
    let name = match bare(&node.name).trim_matches('.') {
        "" | "encoder" => op.layer().name(),
        name => name,
    };
    let place = Place {
        prefix: &node.name,
        name,
        inputs: &inputs,
        shape: graph.shape(node.inputs[0]),
        image: image(exported, node.inputs[0], values),
    };
    ops::write(op, &place, to)
}

/// The image of patches that the tokens `tokens` were made of, where it may be of any size.
fn image<'a>(exported: &Exported, tokens: NodeId, values: &'a [String]) -> Option<Image<'a>> {
    let graph = &exported.graph;
    let &image = graph.nodes()[tokens.0].inputs.first()?;
    let &[_, rows, columns] = graph.shape(image) else {
        return None;
    };
    exported.any_size.then(|| Image {
        value: &values[image.0],
        grid: [rows, columns],
    })
}
