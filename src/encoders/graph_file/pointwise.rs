//! What works element by element: activations, sums, products, and the parts that exporters make of them.

use super::atoms::whole;
use super::attention;
use super::layers::{required, with_bias};
use super::response;
use super::settings::{self, Problem, float, only, text};
use super::translation::{Translation, features_axis, tensor};
use super::value::{Constant, Gate, Response, Value, View};
use crate::graph::Op;
use crate::graph::ops::{Add, Gelu, LayerScale, Multiply, Pointwise, SwiGlu};
use crate::kernels::curve::Curve;
use crate::onnx::OnnxNode;

/// Whether two numbers of a pattern are meant to be equal.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * b.abs()
}

/// An activation that is an op here.
pub(super) fn activation(node: &OnnxNode, op: Op, to: &mut Translation) -> Result<Value, Problem> {
    let view = to.view(required(node, 0)?)?;
    to.each(settings::name(node), op, &view).map(Value::View)
}

/// `Gelu` of opset 20.
pub(super) fn gelu(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let kind = text(node, "approximate").unwrap_or_default();
    only(
        ["", "none"].contains(&kind.as_str()),
        format!("approximates by {kind}, and only the exact GELU is computed here"),
    )?;
    activation(node, Op::Gelu(Gelu), to)
}

/// `Sigmoid`, which may become the gate of another value.
pub(super) fn sigmoid(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let view = to.view(required(node, 0)?)?;
    let slope = view.scale;
    Ok(Value::Gate(
        View { scale: 1.0, ..view },
        Gate::Sigmoid(slope),
    ))
}

/// `HardSigmoid` as MobileNetV3 has it, which may become the gate of another value.
pub(super) fn hard_sigmoid(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let (slope, middle) = (float(node, "alpha", 0.2), float(node, "beta", 0.5));
    only(
        near(slope, 1.0 / 6.0) && near(middle, 0.5),
        format!("has the slope {slope} and the middle {middle} instead of 1/6 and 1/2"),
    )?;
    Ok(Value::Gate(to.view(required(node, 0)?)?, Gate::Hard))
}

/// `Erf`, a part of a GELU.
pub(super) fn erf(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let view = to.view(required(node, 0)?)?;
    only(
        near(view.scale, std::f64::consts::FRAC_1_SQRT_2),
        "is no part of a GELU: it takes another value than x/√2",
    )?;
    Ok(Value::Erf(View { scale: 1.0, ..view }, false))
}

/// `Add`.
pub(super) fn add(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let (a, b) = (required(node, 0)?, required(node, 1)?);
    for (a, b) in [(a, b), (b, a)] {
        let Value::Constant(constant) = to.value(b)?.clone() else {
            continue;
        };
        let number = constant.number();
        return match to.value(a)?.clone() {
            Value::Product(view, weight) => with_bias(&view, &weight, &constant, to),
            Value::Erf(view, false) if number.is_some_and(|n| near(n, 1.0)) => {
                Ok(Value::Erf(view, true))
            }
            Value::Response(view, step) => response::added(view, step, constant, to),
            Value::Scores(scores) => attention::added(*scores, &constant, to)
                .map(|scores| Value::Scores(Box::new(scores))),
            Value::WithTokens(front, view) => {
                to.tokens(&front, &view, Some(&constant)).map(Value::View)
            }
            Value::View(view) if constant.dims.len() > 1 && view.dims.len() == 3 => {
                to.tokens(&[], &view, Some(&constant)).map(Value::View)
            }
            _ => Err(format!(
                "adds the constant `{}` to a value, which no op here does",
                constant.name
            )),
        };
    }
    for (a, b) in [(a, b), (b, a)] {
        if let Value::Response(view, Response::Moved(eps, weight, bias)) = to.value(b)?.clone() {
            let x = to.view(a)?;
            return response::made(&x, &view, eps, [weight, bias], to).map(Value::View);
        }
    }
    let (x, y) = (to.view(a)?, to.view(b)?);
    let name = settings::name(node);
    if x.dims == y.dims && to.batch(x.node) == to.batch(y.node) && x.is_whole() && y.is_whole() {
        let made = to.push(name, Op::Add(Add), &[x.node, y.node])?;
        return Ok(Value::View(View { node: made, ..x }));
    }
    let nodes = [to.settle(&x)?, to.settle(&y)?];
    let made = to.push(name, Op::Add(Add), &nodes)?;
    Ok(Value::View(to.plain(made)))
}

/// `Sub`, which only makes constants here.
pub(super) fn sub(_: &OnnxNode, _: &mut Translation) -> Result<Value, Problem> {
    Err(
        "subtracts from a value; a normalisation at the input stays outside: export without it, and set augment.mean \
         and augment.std"
            .into(),
    )
}

/// `Mul` and, with `divides`, `Div`.
pub(super) fn mul(node: &OnnxNode, divides: bool, to: &mut Translation) -> Result<Value, Problem> {
    let (a, b) = (required(node, 0)?, required(node, 1)?);
    let pairs = if divides {
        vec![(a, b)]
    } else {
        vec![(a, b), (b, a)]
    };
    for (a, b) in pairs {
        let Value::Constant(constant) = to.value(b)?.clone() else {
            continue;
        };
        return by_constant((a, &constant), divides, settings::name(node), to);
    }
    if let Some(found) = response::product([a, b], divides, to)? {
        return Ok(found);
    }
    only(!divides, "divides one value by another")?;
    of_two([a, b], settings::name(node), to)
}

/// The value called `x` times a constant, or by it.
fn by_constant(
    (x, constant): (&str, &Constant),
    divides: bool,
    name: &str,
    to: &mut Translation,
) -> Result<Value, Problem> {
    if let Some(number) = constant.number() {
        if let Value::Response(view, step) = to.value(x)?
            && near(number, 1.0)
        {
            return Ok(Value::Response(view.clone(), step.clone())); // of PyTorch's addcmul
        }
        let factor = if divides { 1.0 / number } else { number };
        return scaled(x, factor, name, to);
    }
    only(
        !divides,
        format!("divides by the constant `{}`", constant.name),
    )?;
    if let Value::Response(view, step) = to.value(x)?.clone() {
        return response::weighted(view, &step, constant.clone(), to);
    }
    let view = to.view(x)?;
    scale(&view, constant, to).map(Value::View)
}

/// The product of two values, which may be a part of a gated unit, of a GELU or of another curve.
fn of_two([a, b]: [&str; 2], name: &str, to: &mut Translation) -> Result<Value, Problem> {
    for (a, b) in [(a, b), (b, a)] {
        if let (Value::Silu(gate), Value::View(other)) =
            (to.value(a)?.clone(), to.value(b)?.clone())
        {
            return halves(&gate, &other, name, to).map(Value::View);
        }
    }
    for (a, b) in [(a, b), (b, a)] {
        if let Value::Erf(view, true) = to.value(b)?.clone() {
            let x = to.view(a)?;
            only(
                (x.node, &x.dims) == (view.node, &view.dims),
                "is no part of a GELU: its two sides differ",
            )?;
            let scale = x.scale;
            return half(View { scale: 1.0, ..x }, scale, name, to);
        }
    }
    for (a, b) in [(a, b), (b, a)] {
        if let Value::Gate(view, gate) = to.value(b)?.clone()
            && let Value::View(x) = to.value(a)?.clone()
            && (x.node, &x.dims, x.picked) == (view.node, &view.dims, view.picked)
        {
            return gated(&x, gate, name, to);
        }
    }
    let (x, y) = (to.view(a)?, to.view(b)?);
    product(&x, &y, name, to).map(Value::View)
}

/// `x` times a curve of itself.
fn gated(x: &View, gate: Gate, name: &str, to: &mut Translation) -> Result<Value, Problem> {
    let curve = match gate {
        Gate::Hard => Curve::HardSwish,
        Gate::Sigmoid(slope) if near(slope, 1.0) => Curve::Silu,
        Gate::Sigmoid(slope) if near(slope, 1.702) => Curve::QuickGelu,
        Gate::Sigmoid(slope) => {
            return Err(format!(
                "is gated by a sigmoid of the slope {slope}, which no op here is"
            ));
        }
    };
    if half_of(x, to) == Some(0) && curve == Curve::Silu {
        return Ok(Value::Silu(x.clone()));
    }
    to.each(name, Op::Pointwise(Pointwise(curve)), x)
        .map(Value::View)
}

/// Which half of the features of tokens or of a vector `view` is, where it is one.
fn half_of(view: &View, to: &Translation) -> Option<usize> {
    let (atom, index) = view.picked?;
    let own = whole(&to.batch(view.node));
    let mut half = own.clone();
    let features = half.last_mut()?.first_mut()?;
    features.size /= 2;
    let plain = own.len() < 4 && view.dims == half && view.norm.is_none();
    let unscaled = near(view.scale, 1.0);
    (plain && unscaled && atom.axis == own.len() - 1 && atom.size == 2).then_some(index)
}

/// `silu` of the first half of the features times the second.
fn halves(gate: &View, other: &View, name: &str, to: &mut Translation) -> Result<View, Problem> {
    only(
        gate.node == other.node && half_of(other, to) == Some(1),
        "gates another value than the second half of what the gate is the first half of",
    )?;
    let node = to.push(name, Op::SwiGlu(SwiGlu), &[gate.node])?;
    Ok(to.plain(node))
}

/// Two values of one shape, or an image and a factor a channel.
fn product(x: &View, y: &View, name: &str, to: &mut Translation) -> Result<View, Problem> {
    if x.dims == y.dims && to.batch(x.node) == to.batch(y.node) && x.is_whole() && y.is_whole() {
        let node = to.push(name, Op::Multiply(Multiply), &[x.node, y.node])?;
        return Ok(View { node, ..x.clone() });
    }
    let pixel = |view: &View| view.dims.len() == 4 && view.dims[2..].iter().all(Vec::is_empty);
    let (image, gate) = if pixel(x) { (y, x) } else { (x, y) };
    only(
        pixel(gate),
        "multiplies values of different shapes, which no op here does",
    )?;
    let nodes = [to.image(image)?, to.image(gate)?];
    let node = to.push(name, Op::Multiply(Multiply), &nodes)?;
    Ok(to.plain(node))
}

/// A learned factor for every channel.
fn scale(view: &View, factors: &Constant, to: &mut Translation) -> Result<View, Problem> {
    let channels = factors.dims.iter().product();
    let own = whole(&to.batch(view.node));
    let features = &own[features_axis(own.len())];
    let place = view.dims.iter().rev().position(|dim| dim == features);
    let aligned = place.is_some_and(|at| factors.dims.iter().rev().nth(at) == Some(&channels));
    only(
        aligned && view.is_whole(),
        format!(
            "multiplies with the constant `{}`, which is no factor a channel",
            factors.name
        ),
    )?;
    let bare = factors.name.strip_suffix(".gamma").unwrap_or(&factors.name);
    let named = Constant {
        name: format!("{bare}.weight"),
        ..factors.clone()
    };
    let prefix = to.prefix(&named, None);
    let values = factors.floats().unwrap_or_default();
    to.start
        .insert(format!("{prefix}.gamma"), tensor(values, &[channels])?);
    let op = LayerScale {
        channels,
        start: 1.0,
    };
    let node = to.named(prefix, Op::LayerScale(op), &[view.node])?;
    Ok(View {
        node,
        ..view.clone()
    })
}

/// `x · (1 + erf(x / √2))` times `scale`: a GELU where that is a half.
fn half(view: View, scale: f64, name: &str, to: &mut Translation) -> Result<Value, Problem> {
    if near(scale, 0.5) {
        return to.each(name, Op::Gelu(Gelu), &view).map(Value::View);
    }
    Ok(Value::TwiceGelu(view, scale))
}

/// The value called `x` times a number.
fn scaled(x: &str, factor: f64, name: &str, to: &mut Translation) -> Result<Value, Problem> {
    match to.value(x)?.clone() {
        Value::Scores(mut scores) if !scores.weights => {
            scores.scale *= factor;
            Ok(Value::Scores(scores))
        }
        Value::TwiceGelu(view, scale) => half(view, scale * factor, name, to),
        _ => {
            let mut view = to.view(x)?;
            view.scale *= factor;
            if near(view.scale, 1.0) {
                view.scale = 1.0;
            }
            Ok(Value::View(view))
        }
    }
}

/// `Softmax` over the last dimension of the scores of an attention.
pub(super) fn softmax(node: &OnnxNode, to: &Translation) -> Result<Value, Problem> {
    let Value::Scores(scores) = to.value(required(node, 0)?)? else {
        return Err("is no part of an attention".into());
    };
    let mut scores = scores.clone();
    let rank = scores.outer.len() + 2;
    let last = settings::axis(settings::int(node, "axis", -1), rank)? == rank - 1;
    only(
        last && !scores.weights,
        "is not over the keys of an attention",
    )?;
    scores.weights = true;
    Ok(Value::Scores(scores))
}
