//! Layers with parameters: convolutions, norms, products with matrices.

use super::attention;
use super::heads;
use super::settings::{Problem, axis, float, int, ints, only, text};
use super::translation::{Translation, tensor};
use super::value::{Constant, Norm, Value, View};
use crate::graph::Op;
use crate::graph::ops::{BatchNorm, Conv2d, LayerNorm, MaxPool};
use crate::onnx::OnnxNode;

/// A name of an input that may be left out.
pub(super) fn given(node: &OnnxNode, at: usize) -> Option<&str> {
    let name = node.input.get(at).map(String::as_str);
    name.filter(|name| !name.is_empty())
}

/// The name of an input that must be there.
pub(super) fn required(node: &OnnxNode, at: usize) -> Result<&str, Problem> {
    given(node, at).ok_or_else(|| format!("lacks its input {at}"))
}

/// The one number that all of `values` are.
fn square(values: &[i64], what: &str) -> Result<usize, Problem> {
    match values {
        [first, rest @ ..] if *first >= 0 && rest.iter().all(|value| value == first) => {
            Ok(*first as usize)
        }
        _ => Err(format!(
            "has {what} {values:?}, and only equal ones are computed here"
        )),
    }
}

/// Kernel, stride and padding.
fn windows(node: &OnnxNode, kernel: &[i64]) -> Result<(usize, usize, usize), Problem> {
    let padding = text(node, "auto_pad").unwrap_or_default();
    only(
        ["", "NOTSET", "VALID"].contains(&padding.as_str()),
        format!("pads by the rule {padding}, which depends on the size of the image"),
    )?;
    let kernel = square(ints(node, "kernel_shape").unwrap_or(kernel), "a window of")?;
    let stride = square(ints(node, "strides").unwrap_or(&[1]), "strides of")?;
    let padding = square(ints(node, "pads").unwrap_or(&[0]), "paddings of")?;
    only(kernel > 0 && stride > 0, "has windows or strides of 0")?;
    Ok((kernel, stride, padding))
}

/// `Conv`.
pub(super) fn conv(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let weight = to.constant(required(node, 1)?)?.clone();
    let bias = given(node, 2)
        .map(|name| to.constant(name).cloned())
        .transpose()?;
    let (Some(values), &[output, per_group, height, width]) =
        (weight.floats(), weight.dims.as_slice())
    else {
        return Err(format!(
            "has a weight of shape {:?}; images take (out, in, height, width)",
            weight.dims
        ));
    };
    let (kernel, stride, padding) = windows(node, &[height as i64, width as i64])?;
    let dilation = square(ints(node, "dilations").unwrap_or(&[1]), "dilations of")?;
    let groups = usize::try_from(int(node, "group", 1))
        .ok()
        .filter(|&groups| groups > 0);
    let groups = groups.ok_or("has no groups")?;
    only(
        (height, width) == (kernel, kernel) && dilation > 0 && output % groups == 0,
        "has a weight and settings that do not belong together",
    )?;
    let view = to.view(required(node, 0)?)?;
    let input = to.image(&view)?;
    let prefix = to.prefix(&weight, bias.as_ref());
    to.start
        .insert(format!("{prefix}.weight"), tensor(values, &weight.dims)?);
    if let Some(values) = bias.as_ref().and_then(Constant::floats) {
        only(
            values.len() == output,
            "has a bias of another length than its channels",
        )?;
        to.start
            .insert(format!("{prefix}.bias"), tensor(values, &[output])?);
    }
    let op = Conv2d {
        input: per_group * groups,
        output,
        kernel,
        stride,
        padding,
        dilation,
        groups,
        bias: bias.is_some(),
    };
    let made = to.named(prefix, Op::Conv2d(op), &[input])?;
    Ok(Value::View(to.plain(made)))
}

/// `BatchNormalization`.
pub(super) fn batch_norm(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    only(
        int(node, "training_mode", 0) == 0,
        "is in training mode; export with model.eval()",
    )?;
    let mut parts = Vec::new();
    for at in 1..5 {
        parts.push(to.constant(required(node, at)?)?.clone());
    }
    let channels = parts[0].dims.iter().product();
    let view = to.view(required(node, 0)?)?;
    let vector = to.graph.shape(view.node).len() == 1;
    let input = to.settle(&view)?;
    let prefix = to.prefix(&parts[0], Some(&parts[1]));
    let names = ["weight", "bias", "running_mean", "running_var"];
    for (part, name) in parts.iter().zip(names) {
        to.start_from(&format!("{prefix}.{name}"), part, &[channels])?;
    }
    let op = BatchNorm {
        eps: float(node, "epsilon", 1e-5),
        momentum: 1.0 - float(node, "momentum", 0.9),
        ..BatchNorm::new(channels)
    };
    let made = to.named(prefix, Op::BatchNorm(op), &[input])?;
    if vector {
        return Ok(Value::View(View { node: made, ..view }));
    }
    Ok(Value::View(to.plain(made)))
}

/// `LayerNormalization` over the features.
pub(super) fn layer_norm(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let weight = to.constant(required(node, 1)?)?.clone();
    let bias = given(node, 2)
        .map(|name| to.constant(name).cloned())
        .transpose()?;
    let view = to.view(required(node, 0)?)?;
    let rank = view.dims.len();
    only(
        axis(int(node, "axis", -1), rank)? == rank - 1 && weight.dims.len() == 1,
        "normalises over more than the last dimension",
    )?;
    let eps = float(node, "epsilon", 1e-5);
    if heads::are_last(&view, weight.dims[0], to) {
        let norm = Norm { weight, bias, eps };
        return heads::normed(view, norm, to).map(Value::View);
    }
    let view = to.features_last(&view)?;
    let (prefix, width) = (to.prefix(&weight, bias.as_ref()), weight.dims[0]);
    to.start_from(&format!("{prefix}.weight"), &weight, &[width])?;
    to.start_or_zeros(&format!("{prefix}.bias"), bias.as_ref(), width)?;
    let made = to.named(
        prefix,
        Op::LayerNorm(LayerNorm { width, eps }),
        &[view.node],
    )?;
    Ok(Value::View(View { node: made, ..view }))
}

/// `Gemm` with a constant matrix.
pub(super) fn gemm(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let plain = int(node, "transA", 0) == 0
        && (float(node, "alpha", 1.0) - 1.0).abs() < 1e-12
        && (float(node, "beta", 1.0) - 1.0).abs() < 1e-12;
    only(plain, "is scaled or turned")?;
    let weight = to.constant(required(node, 1)?)?.clone();
    let bias = given(node, 2)
        .map(|name| to.constant(name).cloned())
        .transpose()?;
    let view = to.view(required(node, 0)?)?;
    let turned = int(node, "transB", 0) != 0;
    check_bias(&weight, bias.as_ref(), turned)?;
    let input = to.settle(&view)?;
    let view = to.plain(input);
    to.linear(&view, &weight, bias.as_ref(), turned)
        .map(Value::View)
}

/// Refuse a bias of another length than the product.
fn check_bias(weight: &Constant, bias: Option<&Constant>, turned: bool) -> Result<(), Problem> {
    let output = weight
        .dims
        .get(usize::from(!turned))
        .copied()
        .unwrap_or_default();
    let fits = bias.is_none_or(|bias| bias.is_row(output));
    only(
        fits,
        format!("has a bias that is no row of {output} numbers"),
    )
}

/// `MatMul` with a constant matrix, or of queries, keys and values.
pub(super) fn matmul(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let (a, b) = (required(node, 0)?, required(node, 1)?);
    match (to.value(a)?.clone(), to.value(b)?.clone()) {
        (_, Value::Constant(matrix)) => {
            let view = to.view(a)?;
            Ok(Value::Product(view, matrix))
        }
        (Value::Constant(_), _) => {
            Err("multiplies a constant with a value, and not the value with it".into())
        }
        (Value::Scores(scores), _) => {
            let values = to.view(b)?;
            attention::mix(&scores, &values, &node.name, to).map(Value::View)
        }
        _ => {
            let (queries, keys) = (to.view(a)?, to.view(b)?);
            let scores = attention::scores(&queries, &keys, to)?;
            Ok(Value::Scores(Box::new(scores)))
        }
    }
}

/// `x W + b` where the product is still open.
pub(super) fn with_bias(
    view: &View,
    weight: &Constant,
    bias: &Constant,
    to: &mut Translation,
) -> Result<Value, Problem> {
    check_bias(weight, Some(bias), false)?;
    to.linear(view, weight, Some(bias), false).map(Value::View)
}

/// `MaxPool`.
pub(super) fn max_pool(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let (kernel, stride, padding) = windows(node, &[])?;
    let dilation = square(ints(node, "dilations").unwrap_or(&[1]), "dilations of")?;
    only(
        int(node, "ceil_mode", 0) == 0 && dilation == 1 && int(node, "storage_order", 0) == 0,
        "rounds up, or leaves pixels out",
    )?;
    let view = to.view(required(node, 0)?)?;
    let input = to.settle(&view)?;
    let op = Op::MaxPool(MaxPool {
        kernel,
        stride,
        padding,
    });
    let made = to.push(super::settings::name(node), op, &[input])?;
    Ok(Value::View(to.plain(made)))
}
