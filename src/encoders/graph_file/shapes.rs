//! What only reshapes, turns, takes apart or joins.

use super::atoms::{self, Atom, Dim, reshaped, whole};
use super::layers::{given, required};
use super::settings::{self, Problem, axis, int, ints, only, range};
use super::translation::{BATCH, Translation};
use super::value::{Constant, Value, View};
use crate::graph::ops::TokenPool;
use crate::onnx::{Numbers, OnnxNode};

/// Whole numbers: a constant input, or a setting of older versions.
fn listed(
    node: &OnnxNode,
    at: usize,
    name: &str,
    to: &Translation,
) -> Result<Option<Vec<i64>>, Problem> {
    match given(node, at) {
        Some(input) => Ok(to.constant(input)?.ints().map(<[i64]>::to_vec)),
        None => Ok(ints(node, name).map(<[i64]>::to_vec)),
    }
}

/// The dimensions of the value called `name`.
fn sizes(name: &str, to: &Translation) -> Result<Vec<usize>, Problem> {
    let of_view = |view: &View| view.dims.iter().map(atoms::size).collect::<Vec<_>>();
    Ok(match to.value(name)? {
        Value::Constant(constant) => constant.dims.clone(),
        Value::View(view)
        | Value::Erf(view, _)
        | Value::TwiceGelu(view, _)
        | Value::Gate(view, _) => of_view(view),
        Value::Product(view, weight) => {
            let mut sizes = of_view(view);
            sizes.pop();
            sizes.extend(weight.dims.last());
            sizes
        }
        Value::Repeated(constant) => {
            [&[BATCH], constant.dims.get(1..).unwrap_or_default()].concat()
        }
        Value::WithTokens(front, view) => {
            let mut sizes = of_view(view);
            let more: usize = front.iter().map(|token| token.dims[1]).sum();
            if let Some(tokens) = sizes.get_mut(1) {
                *tokens += more;
            }
            sizes
        }
        Value::Scores(scores) => {
            let tokens = atoms::size(&scores.tokens);
            let outer = scores.outer.iter().map(atoms::size);
            outer.chain([tokens, tokens]).collect()
        }
    })
}

/// `Shape`.
pub(super) fn shape(node: &OnnxNode, to: &Translation) -> Result<Value, Problem> {
    let sizes = sizes(required(node, 0)?, to)?;
    let end = int(node, "end", i64::MAX);
    let (start, end) = range(int(node, "start", 0), end, sizes.len());
    let values: Vec<i64> = sizes[start..end].iter().map(|&size| size as i64).collect();
    Ok(Value::Constant(Constant {
        name: settings::name(node).into(),
        dims: vec![values.len()],
        numbers: Numbers::Ints(values),
    }))
}

/// `target` with the batch that the file is fixed to as any batch.
fn unfixed(mut target: Vec<i64>, from: usize, to: &Translation) -> Vec<i64> {
    let Some(fixed) = to.fixed.filter(|_| !target.contains(&-1)) else {
        return target;
    };
    let all: i64 = target.iter().product();
    if let Some(first) = target.first_mut()
        && all.checked_mul(BATCH as i64) == (from as i64).checked_mul(fixed)
    {
        *first = *first * BATCH as i64 / fixed;
    }
    target
}

fn regrouped(view: &View, target: &[i64]) -> Result<Value, Problem> {
    let dims = reshaped(&view.dims, target).ok_or_else(|| {
        let sizes: Vec<String> = view.dims.iter().map(spoken).collect();
        format!(
            "reshapes ({}) to {target:?}, which does not multiply out",
            sizes.join(", ")
        )
    })?;
    Ok(Value::View(View {
        dims,
        ..view.clone()
    }))
}

/// The size of `dim` for a sentence.
fn spoken(dim: &Dim) -> String {
    match atoms::size(dim) {
        BATCH => "batch".into(),
        size => size.to_string(),
    }
}

/// `Reshape`.
pub(super) fn reshape(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let target = to
        .constant(required(node, 1)?)?
        .ints()
        .unwrap_or_default()
        .to_vec();
    let view = to.view(required(node, 0)?)?;
    let sizes: Vec<usize> = view.dims.iter().map(atoms::size).collect();
    let copied = int(node, "allowzero", 0) == 0;
    let target = target.iter().enumerate();
    let target = target.map(|(at, &size)| match sizes.get(at) {
        Some(&own) if size == 0 && copied => own as i64,
        Some(&BATCH) if at == 0 && Some(size) == to.fixed && size > 1 => BATCH as i64,
        _ => size,
    });
    let target = unfixed(target.collect(), sizes.iter().product(), to);
    regrouped(&view, &target)
}

/// `Flatten`.
pub(super) fn flatten(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let view = to.view(required(node, 0)?)?;
    let rank = view.dims.len();
    let at = match int(node, "axis", 1) {
        at if at == rank as i64 => rank,
        at => axis(at, rank)?,
    };
    let product = |dims: &[Dim]| dims.iter().map(atoms::size).product::<usize>() as i64;
    regrouped(
        &view,
        &[product(&view.dims[..at]), product(&view.dims[at..])],
    )
}

/// `Transpose`.
pub(super) fn transpose(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let view = to.view(required(node, 0)?)?;
    let reverse: Vec<i64> = (0..view.dims.len() as i64).rev().collect();
    let order = ints(node, "perm").unwrap_or(&reverse);
    only(
        order.len() == view.dims.len(),
        "turns another number of dimensions",
    )?;
    let dims = order
        .iter()
        .map(|&at| Ok(view.dims[axis(at, view.dims.len())?].clone()));
    Ok(Value::View(View {
        dims: dims.collect::<Result<_, Problem>>()?,
        ..view
    }))
}

/// `Unsqueeze`.
pub(super) fn unsqueeze(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let axes = listed(node, 1, "axes", to)?.unwrap_or_default();
    let mut view = to.view(required(node, 0)?)?;
    let rank = view.dims.len() + axes.len();
    let mut axes = axes
        .iter()
        .map(|&at| axis(at, rank))
        .collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    for at in axes {
        only(at <= view.dims.len(), "adds a dimension beyond the last")?;
        view.dims.insert(at, Vec::new());
    }
    Ok(Value::View(view))
}

/// `Squeeze`.
pub(super) fn squeeze(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let axes = listed(node, 1, "axes", to)?;
    let mut view = to.view(required(node, 0)?)?;
    let rank = view.dims.len();
    let axes = axes.map(|axes| {
        axes.iter()
            .map(|&at| axis(at, rank))
            .collect::<Result<Vec<_>, _>>()
    });
    let axes = axes.transpose()?;
    let dropped = |at: usize, dim: &Dim| match &axes {
        Some(axes) => axes.contains(&at),
        None => dim.is_empty(),
    };
    let dims = view.dims.iter().enumerate();
    let wrong = dims
        .clone()
        .any(|(at, dim)| dropped(at, dim) && !dim.is_empty());
    only(!wrong, "drops a dimension that is not 1")?;
    view.dims = dims
        .filter(|(at, dim)| !dropped(*at, dim))
        .map(|(_, dim)| dim.clone())
        .collect();
    Ok(Value::View(view))
}

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
