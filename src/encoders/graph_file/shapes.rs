//! What only reshapes or turns.

use super::atoms::{self, Dim, reshaped};
use super::attention;
use super::layers::{given, required};
use super::settings::{self, Problem, axis, int, ints, only, range};
use super::translation::{BATCH, Translation};
use super::value::{Constant, Value, View};
use crate::onnx::{Numbers, OnnxNode};

/// Whole numbers: a constant input, or a setting of older versions.
pub(super) fn listed(
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
pub(super) fn sizes(name: &str, to: &Translation) -> Result<Vec<usize>, Problem> {
    let of_view = |view: &View| view.dims.iter().map(atoms::size).collect::<Vec<_>>();
    Ok(match to.value(name)? {
        Value::Constant(constant) => constant.dims.clone(),
        Value::View(view)
        | Value::Erf(view, _)
        | Value::TwiceGelu(view, _)
        | Value::Gate(view, _)
        | Value::Silu(view) => of_view(view),
        Value::Sums(sums) => [&[BATCH], sums.dims.as_slice()].concat(),
        Value::Response(..) => {
            return Err(format!(
                "takes the shape of `{name}`, a part of a response norm"
            ));
        }
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
        Value::Range(view, at, [start, end]) => {
            let mut sizes = of_view(view);
            sizes[*at] = end - start;
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
    let input = required(node, 0)?;
    if let Value::Scores(scores) = to.value(input)? {
        return attention::regrouped(scores, &target).map(|scores| Value::Scores(Box::new(scores)));
    }
    let view = to.view(input)?;
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

/// `Pad` by nothing, which exporters write where a size might need it.
pub(super) fn pad(node: &OnnxNode, to: &mut Translation) -> Result<Value, Problem> {
    let pads = listed(node, 1, "pads", to)?.unwrap_or_default();
    only(
        pads.iter().all(|&pad| pad == 0),
        format!("pads by {pads:?}, and only convolutions and pools pad here"),
    )?;
    to.view(required(node, 0)?).map(Value::View)
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
