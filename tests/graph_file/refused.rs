//! What is no network here: a sentence that names the node, and exit code 2.

use std::path::Path;

use ravine::encoders::Encoder;
use ravine::graph::ops::SwiGlu;
use ravine::graph::{Node, Op};
use ravine::onnx::{
    Attribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OperatorSet, Property, ValueInfo, bytes,
    read,
};

use crate::common::Any;
use crate::common::cli::refused;
use crate::encoder;

fn model(nodes: Vec<OnnxNode>, tensors: Vec<OnnxTensor>) -> OnnxModel {
    OnnxModel {
        ir_version: 8,
        graph: Some(OnnxGraph {
            node: nodes,
            initializer: tensors,
            input: vec![ValueInfo::floats("x", &["batch", "3", "8", "8"])],
            output: vec![ValueInfo::floats("y", &["batch", "4"])],
            ..OnnxGraph::default()
        }),
        opset_import: vec![OperatorSet::onnx(17)],
        ..OnnxModel::default()
    }
}

fn node(op: &str, inputs: &[&str], output: &str) -> OnnxNode {
    OnnxNode::new(op, &format!("/a/{op}"), inputs, output)
}

fn problem(path: &Path, model: &OnnxModel) -> Result<String, Any> {
    std::fs::write(path, bytes(model))?;
    let error = encoder(path).graph(&[3, 8, 8]).expect_err("a refusal");
    assert_eq!(error.exit_code(), 2, "{error}");
    Ok(error.to_string())
}

#[test]
fn nodes_that_no_op_stands_for_are_named() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.onnx");
    let weight = |dims: &[usize]| OnnxTensor::floats("w", dims, vec![0.5; dims.iter().product()]);
    let cases = [
        (
            node("Loop", &["x"], "y"),
            vec![],
            "node `/a/Loop` is `Loop` (opset 17)",
        ),
        (node("Foo", &["x"], "y"), vec![], "no op here stands for"),
        (
            node("Add", &["x", "z"], "y"),
            vec![],
            "takes `z`, which no node before it gives",
        ),
        (
            node("Sub", &["x", "w"], "y"),
            vec![weight(&[1, 3, 1, 1])],
            "augment.mean",
        ),
        (
            node("Conv", &["x", "w"], "y"),
            vec![weight(&[4, 3, 3, 2])],
            "a window of [3, 2]",
        ),
        (
            node("Conv", &["x", "w"], "y"),
            vec![weight(&[4, 5, 3, 3])],
            "takes 5 channels",
        ),
        (node("Conv", &["x"], "y"), vec![], "lacks its input 1"),
        (node("Relu", &["x"], "y"), vec![], "features are one row"),
        (node("Erf", &["x"], "y"), vec![], "no part of a GELU"),
        (
            node("ReduceL2", &["x"], "y"),
            vec![],
            "no global response norm",
        ),
        (
            node("Softmax", &["x"], "y"),
            vec![],
            "no part of an attention",
        ),
    ];
    for (node, tensors, part) in cases {
        let said = problem(&path, &model(vec![node], tensors))?;
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.contains("encoder.file"), "{said}");
    }
    let mut uneven = node("Conv", &["x", "w"], "y");
    uneven.attribute = vec![Attribute::ints("pads", &[0, 0, 1, 1])];
    let said = problem(&path, &model(vec![uneven], vec![weight(&[4, 3, 3, 3])]))?;
    assert!(said.contains("paddings of [0, 0, 1, 1]"), "{said}");
    Ok(())
}

#[test]
fn shapes_that_do_not_multiply_out_are_named() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.onnx");
    let target = OnnxTensor::ints("shape", &[-1, 5, 7]);
    let said = problem(
        &path,
        &model(vec![node("Reshape", &["x", "shape"], "y")], vec![target]),
    )?;
    assert!(
        said.contains("(batch, 3, 8, 8) to [-1, 5, 7], which does not multiply out"),
        "{said}"
    );
    let mut short = OnnxTensor::floats("w", &[4, 3, 3, 3], vec![0.5; 10]);
    let conv = || vec![node("Conv", &["x", "w"], "y")];
    let said = problem(&path, &model(conv(), vec![short.clone()]))?;
    assert!(
        said.contains("`w`, which has the shape [4, 3, 3, 3], 108 numbers, and holds 10"),
        "{said}"
    );
    short.dims = vec![i64::MAX, i64::MAX];
    assert!(problem(&path, &model(conv(), vec![short]))?.contains("impossible shape"));
    let mut outside = OnnxTensor::floats("w", &[4, 3, 3, 3], vec![]);
    outside.data_location = 1;
    outside.external_data = vec![Property::new("location", "weights.bin")];
    let said = problem(&path, &model(conv(), vec![outside]))?;
    assert!(said.contains("external data"), "{said}");
    Ok(())
}

#[test]
fn a_circle_of_nodes_is_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.onnx");
    let nodes = vec![
        node("Add", &["x", "b"], "a"),
        node("Relu", &["a"], "b"),
        node("Tanh", &["b"], "y"),
    ];
    let said = problem(&path, &model(nodes, vec![]))?;
    assert!(
        said.contains("takes `b`, which no node before it gives"),
        "{said}"
    );
    Ok(())
}

#[test]
fn files_that_are_cut_short_or_no_onnx_end_with_code_2() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/onnx/vit-script.onnx");
    let whole = std::fs::read(golden)?;
    let path = folder.path().join("net.onnx");
    for length in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length])?;
        let error = encoder(&path).graph(&[3, 32, 32]).expect_err("a refusal");
        assert_eq!(error.exit_code(), 2, "{length}: {error}");
    }
    let kind = format!("encoder={{kind=\"graph\",file=\"{}\"}}", path.display());
    let out = folder.path().join("run").display().to_string();
    let said = refused(&["pretrain", "--out", &out, "--set", &kind], 2);
    assert!(said.contains("net.onnx"), "{said}");
    let said = refused(
        &[
            "pretrain",
            "--out",
            &out,
            "--set",
            "encoder={kind=\"graph\"}",
        ],
        2,
    );
    assert!(said.contains("name the .onnx file"), "{said}");
    std::fs::write(&path, &whole)?;
    let said = refused(&["pretrain", "--out", &out, "--set", &kind], 2);
    assert!(said.contains("takes (any, 3, 32, 32)"), "{said}");
    Ok(())
}

/// `silu(gate) · other` of the halves `a` and `b` of a linear layer's 8 numbers.
fn gated(gate: &str, other: &str) -> OnnxModel {
    let weight = OnnxTensor::floats("w", &[8, 192], (0..1536).map(|i| (i % 7) as f32));
    let lengths = OnnxTensor::ints("lengths", &[4, 4]);
    let mut gemm = node("Gemm", &["flat", "w"], "h");
    gemm.attribute = vec![Attribute::int("transB", 1)];
    let mut split = node("Split", &["h", "lengths"], "a");
    split.output.push("b".into());
    split.attribute = vec![Attribute::int("axis", 1)];
    let nodes = vec![
        node("Flatten", &["x"], "flat"),
        gemm,
        split,
        node("Sigmoid", &[gate], "open"),
        node("Mul", &[gate, "open"], "silu"),
        node("Mul", &["silu", other], "y"),
    ];
    model(nodes, vec![weight, lengths])
}

#[test]
fn only_the_first_half_gates_the_second() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.onnx");
    for (gate, other) in [("b", "a"), ("a", "a")] {
        let said = problem(&path, &gated(gate, other))?;
        assert!(said.contains("/a/Mul"), "{said}");
    }
    std::fs::write(&path, bytes(&gated("a", "b")))?;
    let graph = encoder(&path).graph(&[3, 8, 8])?;
    let gates = |node: &Node| node.op == Some(Op::SwiGlu(SwiGlu));
    assert_eq!(graph.nodes().iter().filter(|node| gates(node)).count(), 1);
    Ok(())
}

/// The golden `name` with the first number of its tensors of `count` numbers doubled, as a refusal.
fn bent(name: &str, count: usize) -> Result<String, Any> {
    let folder = tempfile::tempdir()?;
    let golden = format!("tests/goldens/onnx/{name}.onnx");
    let mut model = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(golden))?;
    let graph = model.graph.as_mut().expect("a graph");
    let given = graph
        .node
        .iter_mut()
        .filter(|node| node.op_type == "Constant");
    let given = given.flat_map(|node| &mut node.attribute);
    let tensors = given.filter_map(|setting| setting.t.as_mut());
    let mut changed = 0;
    for tensor in tensors.filter(|tensor| tensor.raw_data.len() == 4 * count) {
        let first = f32::from_le_bytes(tensor.raw_data[..4].try_into()?);
        tensor.raw_data[..4].copy_from_slice(&(2.0 * first).to_le_bytes());
        changed += 1;
    }
    assert!(changed > 0, "{name} has no constants of {count} numbers");
    let path = folder.path().join("net.onnx");
    std::fs::write(&path, bytes(&model))?;
    let error = encoder(&path).graph(&[3, 32, 32]).expect_err("a refusal");
    assert_eq!(error.exit_code(), 2, "{error}");
    Ok(error.to_string())
}

#[test]
fn what_is_nearly_a_rotary_position_is_none() -> Result<(), Any> {
    // 16 patches, 12 numbers of a head.
    let said = bent("rotary-script", 16 * 12)?;
    assert!(
        said.contains("nor the rotary positions of DINOv3"),
        "{said}"
    );
    Ok(())
}
