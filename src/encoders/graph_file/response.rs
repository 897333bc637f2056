//! The global response norm of ConvNeXt V2, which exporters write in eight nodes.

use super::atoms::{Dim, whole};
use super::layers::required;
use super::settings::{Problem, axis, int, only};
use super::shapes::listed;
use super::translation::Translation;
use super::value::{Constant, Response, Value, View};
use crate::graph::Op;
use crate::graph::ops::GlobalResponseNorm;
use crate::onnx::OnnxNode;

/// What a response norm has to look like, for refusals.
const EXPECTED: &str = "takes lengths of channels in a way that is no global response norm";

/// `ReduceL2` over the positions of an image.
pub(super) fn length(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let axes = listed(node, 1, "axes", to)?.unwrap_or_default();
    let view = to.view(required(node, 0)?)?;
    let own = whole(&to.batch(view.node));
    let fits = view.is_whole() && view.rolled == [0; 2] && own.len() == 4;
    only(fits && int(node, "keepdims", 1) != 0, EXPECTED)?;
    let gone = dims(&view, &axes)?;
    only(gone == own[2..], EXPECTED)?;
    Ok(Value::Response(view, Response::Length))
}

/// The dimensions `axes` of `view`, in the order of those of its node.
fn dims(view: &View, axes: &[i64]) -> Result<Vec<Dim>, Problem> {
    let mut found = Vec::new();
    for &at in axes {
        found.push(view.dims[axis(at, view.dims.len())?].clone());
    }
    found.sort_by_key(|dim| dim.first().map(|atom| atom.axis));
    Ok(found)
}

/// The mean of the lengths over the channels.
pub(super) fn mean(
    view: View,
    step: &Response,
    axes: &[i64],
    to: &Translation,
) -> Result<Value, Problem> {
    let own = whole(&to.batch(view.node));
    let over_channels = dims(&view, axes)? == own[1..2];
    only(over_channels && matches!(step, Response::Length), EXPECTED)?;
    Ok(Value::Response(view, Response::Mean))
}

/// A number beside the mean, or a bias a channel.
pub(super) fn added(
    view: View,
    step: Response,
    constant: Constant,
    to: &Translation,
) -> Result<Value, Problem> {
    let step = match (step, constant.number()) {
        (Response::Mean, Some(eps)) => Response::Some(eps),
        (Response::Weighted(eps, weight), _) => {
            only(a_channel(&view, &constant, to), EXPECTED)?;
            Response::Moved(eps, weight, constant)
        }
        _ => return Err(EXPECTED.into()),
    };
    Ok(Value::Response(view, step))
}

/// A weight a channel.
pub(super) fn weighted(
    view: View,
    step: &Response,
    constant: Constant,
    to: &Translation,
) -> Result<Value, Problem> {
    match step {
        Response::Scaled(eps) if a_channel(&view, &constant, to) => {
            Ok(Value::Response(view, Response::Weighted(*eps, constant)))
        }
        _ => Err(EXPECTED.into()),
    }
}

/// Whether `constant` lies along the channels of `view`.
fn a_channel(view: &View, constant: &Constant, to: &Translation) -> bool {
    let channels = &whole(&to.batch(view.node))[1];
    let place = view.dims.iter().rev().position(|dim| dim == channels);
    let count = to.graph.shape(view.node)[0];
    let along = place.and_then(|at| constant.dims.iter().rev().nth(at));
    along == Some(&count) && constant.is_row(count)
}

/// Products and quotients of two values, where one of them is a part of a response norm.
pub(super) fn product(
    [a, b]: [&str; 2],
    divides: bool,
    to: &mut Translation,
) -> Result<Option<Value>, Problem> {
    if let (Value::Response(view, Response::Length), Value::Response(other, Response::Some(eps))) =
        (to.value(a)?, to.value(b)?)
        && divides
        && view == other
    {
        return Ok(Some(Value::Response(
            view.clone(),
            Response::Relative(*eps),
        )));
    }
    for (a, b) in [(a, b), (b, a)] {
        if let Value::Response(view, step) = to.value(b)?.clone() {
            let Response::Relative(eps) = step else {
                return Err(EXPECTED.into());
            };
            only(!divides && to.view(a)? == view, EXPECTED)?;
            return Ok(Some(Value::Response(view, Response::Scaled(eps))));
        }
    }
    Ok(None)
}

/// The norm of `x`, which must be what its lengths are of.
pub(super) fn made(
    x: &View,
    view: &View,
    eps: f64,
    [weight, bias]: [Constant; 2],
    to: &mut Translation,
) -> Result<View, Problem> {
    only(x == view, EXPECTED)?;
    let channels = to.graph.shape(x.node)[0];
    let prefix = to.prefix(&weight, Some(&bias));
    to.start_from(&format!("{prefix}.weight"), &weight, &[channels])?;
    to.start_from(&format!("{prefix}.bias"), &bias, &[channels])?;
    let op = GlobalResponseNorm { channels, eps };
    let node = to.named(prefix, Op::GlobalResponseNorm(op), &[x.node])?;
    Ok(View { node, ..x.clone() })
}
