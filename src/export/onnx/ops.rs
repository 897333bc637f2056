//! Each op as nodes of ONNX.

use super::attention::attention;
use super::place::Place;
use super::tokens::{prototypes, to_tokens, token_embed, token_pool};
use super::windows::window_attention;
use super::writer::Writer;
use super::{channels, heads};
use crate::error::Result;
use crate::graph::Op;
use crate::graph::ops::{BatchNorm, Conv2d, MaxPool};
use crate::onnx::Attribute;

/// Write `op`; the name of its value.
pub(super) fn write(op: &Op, place: &Place, to: &mut Writer) -> Result<String> {
    Ok(match op {
        Op::Conv2d(conv) => conv2d(conv, place, to)?,
        Op::BatchNorm(norm) => batch_norm(norm, place, to)?,
        Op::Relu(_) => to.node("Relu", place.name, &[place.x()]),
        Op::Tanh(_) => to.node("Tanh", place.name, &[place.x()]),
        Op::Gelu(_) => gelu(place, to),
        Op::Add(_) => to.node("Add", place.name, &[place.x(), &place.inputs[1]]),
        Op::MaxPool(pool) => max_pool(pool, place, to),
        Op::GlobalAvgPool(_) => {
            let pooled = to.node("GlobalAveragePool", &place.part("pool"), &[place.x()]);
            flatten(place.name, &pooled, to)
        }
        Op::Flatten(_) => flatten(place.name, place.x(), to),
        Op::ToTokens(_) => to_tokens(place, to),
        Op::TokenEmbed(embed) => token_embed(embed, place, to)?,
        Op::TokenPool(pool) => token_pool(*pool, place, to),
        Op::Attention(op) => attention(*op, place, to),
        Op::Linear(linear) => channels::linear(linear, place, to)?,
        Op::LayerNorm(norm) => channels::layer_norm(norm, place, to)?,
        Op::Prototypes(_) => prototypes(place, to)?,
        Op::Pointwise(op) => channels::pointwise(op.0, place, to),
        Op::LayerScale(scale) => channels::scale(scale, place, to)?,
        Op::Multiply(_) => to.node("Mul", place.name, &[place.x(), &place.inputs[1]]),
        Op::Unsqueeze(_) => {
            let axes = to.ints(&[2, 3]);
            to.node("Unsqueeze", place.name, &[place.x(), &axes])
        }
        Op::SwiGlu(_) => channels::swiglu(place, to),
        Op::GlobalResponseNorm(norm) => channels::response_norm(norm, place, to)?,
        Op::HeadNorm(norm) => heads::head_norm(norm, place, to)?,
        Op::Rotary(rotary) => heads::rotary(rotary, place, to)?,
        Op::WindowAttention(op) => window_attention(op, place, to)?,
        Op::PatchMerge(op) => channels::patch_merge(*op, place, to),
        Op::DropPath(_) => place.x().into(), // nothing is dropped outside training
    })
}

fn conv2d(conv: &Conv2d, place: &Place, to: &mut Writer) -> Result<String> {
    let mut inputs = vec![to.parameter(&format!("{}.weight", place.prefix))?];
    if conv.bias {
        inputs.push(to.parameter(&format!("{}.bias", place.prefix))?);
    }
    let inputs: Vec<&str> = std::iter::once(place.x())
        .chain(inputs.iter().map(String::as_str))
        .collect();
    let mut attributes = windows(conv.kernel, conv.stride, conv.padding);
    attributes.push(Attribute::ints("dilations", &[conv.dilation as i64; 2]));
    attributes.push(Attribute::int("group", conv.groups as i64));
    Ok(to.node_with("Conv", place.name, &inputs, attributes))
}

/// The settings of square windows.
fn windows(kernel: usize, stride: usize, padding: usize) -> Vec<Attribute> {
    vec![
        Attribute::ints("kernel_shape", &[kernel as i64; 2]),
        Attribute::ints("strides", &[stride as i64; 2]),
        Attribute::ints("pads", &[padding as i64; 4]),
    ]
}

fn max_pool(pool: &MaxPool, place: &Place, to: &mut Writer) -> String {
    let attributes = windows(pool.kernel, pool.stride, pool.padding);
    to.node_with("MaxPool", place.name, &[place.x()], attributes)
}

fn batch_norm(norm: &BatchNorm, place: &Place, to: &mut Writer) -> Result<String> {
    let of = |part: &str| format!("{}.{part}", place.prefix);
    let [mean, variance] = ["running_mean", "running_var"].map(|part| to.parameter(&of(part)));
    let (mean, variance) = (mean?, variance?);
    let (weight, bias) = if norm.affine {
        (to.parameter(&of("weight"))?, to.parameter(&of("bias"))?)
    } else {
        let zeros = to.values(&of("running_mean"))?.zeros_like()?;
        let ones = zeros.ones_like()?;
        (
            to.tensor(&place.part("ones"), &ones)?,
            to.tensor(&place.part("zeros"), &zeros)?,
        )
    };
    let inputs = [place.x(), &weight, &bias, &mean, &variance];
    let eps = Attribute::float("epsilon", norm.eps);
    Ok(to.node_with("BatchNormalization", place.name, &inputs, vec![eps]))
}

/// `x/2 · (1 + erf(x/√2))`: the op `Gelu` is younger than opset 17.
fn gelu(place: &Place, to: &mut Writer) -> String {
    let [root, one, half] = [
        ("root2", std::f64::consts::SQRT_2),
        ("one", 1.0),
        ("half", 0.5),
    ]
    .map(|(name, value)| to.number(&format!("gelu.{name}"), value));
    let scaled = to.node("Div", &place.part("scaled"), &[place.x(), &root]);
    let erf = to.node("Erf", &place.part("erf"), &[&scaled]);
    let above = to.node("Add", &place.part("above"), &[&erf, &one]);
    let twice = to.node("Mul", &place.part("twice"), &[place.x(), &above]);
    to.node("Mul", place.name, &[&twice, &half])
}

fn flatten(name: &str, x: &str, to: &mut Writer) -> String {
    to.node_with("Flatten", name, &[x], vec![Attribute::int("axis", 1)])
}
