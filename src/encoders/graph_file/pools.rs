//! Means over positions or tokens.

use super::atoms::{Dim, whole};
use super::layers::required;
use super::response;
use super::settings::{self, Problem, axis, int, only};
use super::shapes::listed;
use super::translation::Translation;
use super::value::{Value, View};
use crate::graph::Op;
use crate::graph::ops::{GlobalAvgPool, TokenPool};
use crate::onnx::OnnxNode;

/// `GlobalAveragePool`.
pub(super) fn global(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let view = to.view(required(node, 0)?)?;
    let axes: Vec<usize> = (2..view.dims.len()).collect();
    mean(settings::name(node), &view, &axes, true, to)
}

/// `ReduceMean`.
pub(super) fn reduce(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let axes = listed(node, 1, "axes", to)?;
    let input = required(node, 0)?;
    if let Value::Response(view, length) = to.value(input)?.clone() {
        let axes = axes.unwrap_or_default();
        return response::mean(view, &length, &axes, to);
    }
    if let Value::Range(view, 1, [skip, _]) = to.value(input)?.clone()
        && axes.as_deref() == Some(&[1])
        && int(node, "keepdims", 1) == 0
    {
        let pool = TokenPool::Mean { skip }; // of all tokens but the first
        return to.pool(settings::name(node), &view, pool).map(Value::View);
    }
    let view = to.view(input)?;
    let axes = axes.ok_or("takes the mean over everything, the batch too")?;
    let axes = axes
        .iter()
        .map(|&at| axis(at, view.dims.len()))
        .collect::<Result<Vec<_>, _>>()?;
    let keep = int(node, "keepdims", 1) != 0;
    mean(settings::name(node), &view, &axes, keep, to)
}

/// The mean of `view` over `axes`, which are kept with size 1 where `keep`.
fn mean(
    name: &str,
    view: &View,
    axes: &[usize],
    keep: bool,
    to: &mut Translation,
) -> Result<Value, Problem> {
    only(
        view.is_whole(),
        "takes the mean of a part of a value, or of one times a constant",
    )?;
    let own = whole(&to.batch(view.node));
    let mut gone: Dim = axes.iter().flat_map(|&at| view.dims[at].clone()).collect();
    gone.sort_by_key(|atom| atom.axis);
    let made = match own.len() {
        2 if gone.is_empty() => view.node,
        4 if gone == own[2..].concat() => {
            to.push(name, Op::GlobalAvgPool(GlobalAvgPool), &[view.node])?
        }
        3 if gone == own[1] => to.push(
            name,
            Op::TokenPool(TokenPool::Mean { skip: 0 }),
            &[view.node],
        )?,
        _ => {
            return Err(
                "takes the mean over other dimensions than those of an image or of tokens".into(),
            );
        }
    };
    let vector = whole(&to.batch(made));
    let mut dims = Vec::new();
    for (at, dim) in view.dims.iter().enumerate() {
        match axes.contains(&at) {
            true if keep => dims.push(Vec::new()),
            true => {}
            false if dim.is_empty() || *dim == own[0] => dims.push(dim.clone()),
            false => dims.push(vector[1].clone()),
        }
    }
    Ok(Value::View(View {
        node: made,
        dims,
        ..to.plain(made)
    }))
}
