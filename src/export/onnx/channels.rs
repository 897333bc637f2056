//! Ops over the channels of images, which ONNX has over the last dimension.

use super::place::Place;
use super::writer::Writer;
use crate::error::Result;
use crate::graph::ops::{GlobalResponseNorm, LayerNorm, LayerScale, Linear, PatchMerge};
use crate::kernels::curve::Curve;
use crate::onnx::Attribute;

/// Whether the input is an image.
fn image(place: &Place) -> bool {
    place.shape.len() == 3
}

/// What `write` makes of the input with its features last, turned back where it is an image.
fn over_last(
    place: &Place,
    to: &mut Writer,
    write: impl FnOnce(&str, &str, &mut Writer) -> Result<String>,
) -> Result<String> {
    if !image(place) {
        return write(place.name, place.x(), to);
    }
    let last = to.transpose(&place.part("last"), place.x(), &[0, 2, 3, 1]);
    let found = write(&place.part("rows"), &last, to)?;
    Ok(to.transpose(place.name, &found, &[0, 3, 1, 2]))
}

/// A linear layer.
pub(super) fn linear(linear: &Linear, place: &Place, to: &mut Writer) -> Result<String> {
    let weight = to.parameter(&format!("{}.weight", place.prefix))?;
    let bias = if linear.bias {
        Some(to.parameter(&format!("{}.bias", place.prefix))?)
    } else {
        None
    };
    if place.shape.len() == 1 {
        let mut inputs = vec![place.x(), &weight];
        inputs.extend(bias.as_deref());
        let transposed = vec![Attribute::int("transB", 1)];
        return Ok(to.node_with("Gemm", place.name, &inputs, transposed));
    }
    let turned = to.transpose(&place.part("weight"), &weight, &[1, 0]);
    over_last(place, to, |name, x, to| {
        let Some(bias) = bias else {
            return Ok(to.node("MatMul", name, &[x, &turned]));
        };
        let product = to.node("MatMul", &format!("{name}/product"), &[x, &turned]);
        Ok(to.node("Add", name, &[&product, &bias]))
    })
}

/// A layer norm.
pub(super) fn layer_norm(norm: &LayerNorm, place: &Place, to: &mut Writer) -> Result<String> {
    over_last(place, to, |name, x, to| {
        norm_of(norm, place.prefix, (name, x), to)
    })
}

/// A layer norm of `x` over its last dimension, with the parameters below `prefix`.
pub(super) fn norm_of(
    norm: &LayerNorm,
    prefix: &str,
    (name, x): (&str, &str),
    to: &mut Writer,
) -> Result<String> {
    let weight = to.parameter(&format!("{prefix}.weight"))?;
    let bias = to.parameter(&format!("{prefix}.bias"))?;
    let attributes = vec![
        Attribute::int("axis", -1),
        Attribute::float("epsilon", norm.eps),
    ];
    Ok(to.node_with("LayerNormalization", name, &[x, &weight, &bias], attributes))
}

/// The parameter `name` in the shape that broadcasts over the channels of the input.
fn over_channels(name: &str, channels: usize, place: &Place, to: &mut Writer) -> Result<String> {
    let values = to.parameter(&format!("{}.{name}", place.prefix))?;
    if !image(place) {
        return Ok(values);
    }
    Ok(to.reshape(&place.part(name), &values, &[channels as i64, 1, 1]))
}

/// A factor for every channel.
pub(super) fn scale(scale: &LayerScale, place: &Place, to: &mut Writer) -> Result<String> {
    let gamma = over_channels("gamma", scale.channels, place, to)?;
    Ok(to.node("Mul", place.name, &[place.x(), &gamma]))
}

/// `x + bias + weight · x · n`, n the lengths of the channels by their mean.
pub(super) fn response_norm(
    norm: &GlobalResponseNorm,
    place: &Place,
    to: &mut Writer,
) -> Result<String> {
    let length = to.reduce("ReduceL2", &place.part("length"), place.x(), &[2, 3], true);
    let mean = to.reduce("ReduceMean", &place.part("mean"), &length, &[1], true);
    let eps = to.number(&format!("eps.{:e}", norm.eps), norm.eps);
    let mean = to.node("Add", &place.part("some"), &[&mean, &eps]);
    let relative = to.node("Div", &place.part("relative"), &[&length, &mean]);
    let weight = over_channels("weight", norm.channels, place, to)?;
    let bias = over_channels("bias", norm.channels, place, to)?;
    let scaled = to.node("Mul", &place.part("response"), &[place.x(), &relative]);
    let scaled = to.node("Mul", &place.part("weighted"), &[&scaled, &weight]);
    let moved = to.node("Add", &place.part("moved"), &[&scaled, &bias]);
    Ok(to.node("Add", place.name, &[place.x(), &moved]))
}

/// An activation number by number.
pub(super) fn pointwise(curve: Curve, place: &Place, to: &mut Writer) -> String {
    let hard = || {
        vec![
            Attribute::float("alpha", 1.0 / 6.0),
            Attribute::float("beta", 0.5),
        ]
    };
    match curve {
        Curve::Sigmoid => to.node("Sigmoid", place.name, &[place.x()]),
        Curve::HardSigmoid => to.node_with("HardSigmoid", place.name, &[place.x()], hard()),
        Curve::HardSwish => to.node("HardSwish", place.name, &[place.x()]),
        Curve::Silu => {
            let gate = to.node("Sigmoid", &place.part("gate"), &[place.x()]);
            to.node("Mul", place.name, &[place.x(), &gate])
        }
        Curve::QuickGelu => {
            let slope = to.number("quick_gelu.slope", 1.702);
            let steeper = to.node("Mul", &place.part("steeper"), &[place.x(), &slope]);
            let gate = to.node("Sigmoid", &place.part("gate"), &[&steeper]);
            to.node("Mul", place.name, &[place.x(), &gate])
        }
    }
}

/// `silu(a) · b` of the two halves of the features.
pub(super) fn swiglu(place: &Place, to: &mut Writer) -> String {
    let axis = place.shape.len() as i64;
    let half = place.shape.last().map_or(0, |&last| last as i64 / 2);
    let gate = to.slice(&place.part("a"), place.x(), axis, (0, half));
    let value = to.slice(&place.part("b"), place.x(), axis, (half, 2 * half));
    let open = to.node("Sigmoid", &place.part("gate"), &[&gate]);
    let silu = to.node("Mul", &place.part("silu"), &[&gate, &open]);
    to.node("Mul", place.name, &[&silu, &value])
}

/// Four neighbouring positions as one.
pub(super) fn patch_merge(_: PatchMerge, place: &Place, to: &mut Writer) -> String {
    let [c, h, w] = [0, 1, 2].map(|at| place.shape[at] as i64);
    let split = to.reshape(&place.part("split"), place.x(), &[0, c, h / 2, 2, w / 2, 2]);
    let turned = to.transpose(&place.part("turned"), &split, &[0, 5, 3, 1, 2, 4]);
    to.reshape(place.name, &turned, &[0, 4 * c, h / 2, w / 2])
}
