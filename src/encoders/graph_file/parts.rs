//! Parts of values, and values put together.

use super::atoms::{self, Atom, whole};
use super::heads;
use super::layers::required;
use super::settings::{self, Problem, axis, int, only, range};
use super::shapes::{listed, sizes};
use super::translation::{BATCH, Translation};
use super::value::{Value, View};
use crate::graph::ops::TokenPool;
use crate::onnx::OnnxNode;

/// Indices from `start` of dimension `at` of `view`, `length` of them: an equal part, one token, or all.
fn part(
    name: &str,
    view: &View,
    at: usize,
    (start, length): (usize, usize),
    to: &mut Translation,
) -> Result<View, Problem> {
    let all = atoms::size(&view.dims[at]);
    if length == all && start == 0 {
        return Ok(view.clone());
    }
    let own = whole(&to.batch(view.node));
    if own.len() == 3 && view.dims == own && at == 1 {
        only(
            (start, length) == (0, 1),
            "takes other tokens than the first",
        )?;
        let mut vector = to.pool(name, view, TokenPool::Class)?;
        vector.dims.insert(1, Vec::new());
        return Ok(vector);
    }
    let [atom] = view.dims[at].as_slice() else {
        return Err("takes a part of a dimension that was joined of several".into());
    };
    let even = length > 0 && all.is_multiple_of(length) && start.is_multiple_of(length);
    only(
        even && view.picked.is_none() && atom.axis > 0,
        "takes a part that no op here takes",
    )?;
    let picked = Atom {
        size: all / length,
        inner: atom.inner * length,
        ..*atom
    };
    let mut dims = view.dims.clone();
    dims[at] = match length {
        1 => Vec::new(),
        size => vec![Atom { size, ..*atom }],
    };
    Ok(View {
        dims,
        picked: Some((picked, start / length)),
        ..view.clone()
    })
}

/// Whether indices `start` to `end` are some of the positions of an image, or all tokens but the first few.
fn ranges(view: &View, at: usize, (start, end): (usize, usize), to: &Translation) -> bool {
    let own = whole(&to.batch(view.node));
    let all = atoms::size(&view.dims[at]);
    match own.len() {
        _ if !view.is_whole() || end - start == all => false,
        3 => view.dims == own && at == 1 && start > 0 && end == all,
        4 => own[2..].contains(&view.dims[at]),
        _ => false,
    }
}

/// An image whose end was put before its start.
fn rolled(parts: &[Value], axis: usize, to: &Translation) -> Option<View> {
    let [
        Value::Range(view, at, [by, end]),
        Value::Range(other, same, [0, rest]),
    ] = parts
    else {
        return None;
    };
    let own = whole(&to.batch(view.node));
    let size = atoms::size(&view.dims[*at]);
    let fits = view == other && at == same && *at == axis && by == rest && *end == size;
    let place = own.iter().position(|dim| *dim == view.dims[*at]);
    let place = place.filter(|&place| fits && own.len() == 4 && place >= 2)?;
    let mut moved = view.clone();
    moved.rolled[place - 2] = (moved.rolled[place - 2] + by) % size;
    Some(moved)
}

/// `Gather` of one index.
pub(super) fn gather(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let index = to.constant(required(node, 1)?)?.clone();
    let view = to.view(required(node, 0)?)?;
    let at = axis(int(node, "axis", 0), view.dims.len())?;
    let all = atoms::size(&view.dims[at]);
    let place = index.ints().filter(|index| index.len() == 1);
    let place = place.ok_or("looks up several indices")?[0];
    let (start, _) = range(place, i64::MAX, all);
    only(start < all, "looks up what is not there")?;
    let mut found = part(settings::name(node), &view, at, (start, 1), to)?;
    if index.dims.is_empty() {
        found.dims.remove(at);
    }
    Ok(Value::View(found))
}

/// `Slice` along one dimension.
pub(super) fn slice(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let starts = listed(node, 1, "starts", to)?.unwrap_or_default();
    let ends = listed(node, 2, "ends", to)?.unwrap_or_default();
    let axes = listed(node, 3, "axes", to)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = listed(node, 4, "steps", to)?.unwrap_or_default();
    only(
        steps.iter().all(|&step| step == 1),
        "takes every other number",
    )?;
    let mut view = to.view(required(node, 0)?)?;
    for ((&start, &end), at) in starts.iter().zip(&ends).zip(axes) {
        let at = axis(at, view.dims.len())?;
        let (start, end) = range(start, end, atoms::size(&view.dims[at]));
        if starts.len() == 1 && ranges(&view, at, (start, end), to) {
            return Ok(Value::Range(view, at, [start, end]));
        }
        view = part(settings::name(node), &view, at, (start, end - start), to)?;
    }
    Ok(Value::View(view))
}

/// `Split` into equal parts.
pub(super) fn split(node: &OnnxNode, to: &mut Translation) -> Result<Vec<Value>, Problem> {
    let lengths = listed(node, 1, "split", to)?;
    let view = to.view(required(node, 0)?)?;
    let at = axis(int(node, "axis", 0), view.dims.len())?;
    let all = atoms::size(&view.dims[at]) as i64;
    let count = node.output.len() as i64;
    let lengths = lengths.unwrap_or_else(|| vec![all / count; count as usize]);
    let fits = lengths.len() == node.output.len() && lengths.iter().sum::<i64>() == all;
    only(fits, "splits into parts that do not add up")?;
    let mut start = 0;
    let mut parts = Vec::new();
    for length in lengths {
        let place = (start as usize, length as usize);
        parts.push(Value::View(part(
            settings::name(node),
            &view,
            at,
            place,
            to,
        )?));
        start += length;
    }
    Ok(parts)
}

/// `Concat` of learned tokens and others.
pub(super) fn concat(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let refused = "joins values, and only learned tokens before others are joined here";
    let Some((last, front)) = node.input.split_last() else {
        return Err("joins nothing".into());
    };
    let parts = node.input.iter().map(|name| to.value(name).cloned());
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    if let Ok(at) = usize::try_from(int(node, "axis", 0))
        && let Some(view) = rolled(&parts, at, to)
    {
        return Ok(Value::View(view));
    }
    if let Some(view) = heads::joined(&parts, int(node, "axis", 0), to)? {
        return Ok(Value::View(view));
    }
    let mut tokens = Vec::new();
    for name in front {
        match to.value(name)? {
            Value::Repeated(token) => tokens.push(token.clone()),
            _ => return Err(refused.into()),
        }
    }
    let view = to.view(last)?;
    only(
        axis(int(node, "axis", 0), view.dims.len())? == 1 && view.dims.len() == 3,
        refused,
    )?;
    Ok(Value::WithTokens(tokens, view))
}

/// `Expand` of a learned token to the batch.
pub(super) fn expand(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let target = to
        .constant(required(node, 1)?)?
        .ints()
        .unwrap_or_default()
        .to_vec();
    let name = required(node, 0)?;
    let batch = |size: i64| size == BATCH as i64 || Some(size) == to.fixed;
    let own = sizes(name, to)?;
    match to.value(name)? {
        Value::Constant(token)
            if token.dims.len() == 3
                && token.dims[0] == 1
                && target.first().is_some_and(|&size| batch(size)) =>
        {
            let rest = target[1..].iter().zip(&token.dims[1..]);
            let kept = rest
                .into_iter()
                .all(|(&size, &dim)| [-1, 1, dim as i64].contains(&size));
            only(kept, "repeats a constant along more than the batch")?;
            Ok(Value::Repeated(token.clone()))
        }
        value => {
            let sizes = target.iter().zip(&own);
            let same = sizes
                .into_iter()
                .all(|(&size, &dim)| [-1, 1, dim as i64].contains(&size));
            only(
                same && target.len() <= own.len(),
                "repeats a value along a dimension",
            )?;
            Ok(value.clone())
        }
    }
}
