//! Rotary positions, which exporters write as slices, products with tables, and sums.

use super::atoms::{self, Atom, Dim, dim, whole};
use super::layers::required;
use super::settings::{Problem, axis, int, only, range};
use super::shapes::listed;
use super::sums::Sums;
use super::translation::Translation;
use super::value::{Constant, Value, View};
use crate::graph::Op;
use crate::graph::ops::Rotary;
use crate::onnx::OnnxNode;

/// What no rotary positions are.
const REFUSED: &str = "takes a value that was cut, scaled or added up in a way that no op here does, nor the rotary positions of DINOv3";

/// Largest difference of two factors that are meant to be equal.
const NEAR: f32 = 2e-4;

/// The value of `node`, where it works on sums, or on a view that nothing else `refused` to work on.
pub(super) fn value(node: &OnnxNode, to: &mut Translation) -> Result<Option<Value>, Problem> {
    let sums = |name: &String, to: &Translation| match to.values.get(name) {
        Some(Value::Sums(sums)) => Some(sums.as_ref().clone()),
        Some(Value::View(view)) => of(view, to),
        _ => None,
    };
    let Some(x) = node.input.first().and_then(|name| sums(name, to)) else {
        return second(node, to);
    };
    let other = node.input.get(1);
    let found = match node.op_type.as_str() {
        "Identity" | "Dropout" | "Cast" => Some(x),
        "Neg" => Some(x.scaled(-1.0)),
        "Add" | "Sub" => {
            let sign = if node.op_type == "Sub" { -1.0 } else { 1.0 };
            other
                .and_then(|name| sums(name, to))
                .and_then(|other| x.plus(&other, sign))
        }
        "Mul" => match other.and_then(|name| to.values.get(name)) {
            Some(Value::Constant(constant)) => times(&x, constant),
            _ => None,
        },
        "Slice" => slice(node, &x, to)?,
        "Concat" => {
            let parts: Option<Vec<Sums>> = node.input.iter().map(|name| sums(name, to)).collect();
            let at = axis(int(node, "axis", 0), x.dims.len() + 1)?;
            parts.and_then(|parts| Sums::joined(&parts, at))
        }
        "Reshape" => reshape(node, &x, to)?,
        _ => None,
    };
    let Some(found) = found else {
        return Ok(None);
    };
    if found.dims == to.graph.shape(found.node) {
        return all(&found, to).map(|view| Some(Value::View(view)));
    }
    Ok(Some(Value::Sums(Box::new(found))))
}

/// Let all inputs of `node` that are sums be what they are parts of.
pub(super) fn recognize(node: &OnnxNode, to: &mut Translation) -> Result<(), Problem> {
    let inputs = node.input.iter().filter(|_| node.op_type != "Shape");
    for name in inputs {
        if let Some(Value::Sums(sums)) = to.values.get(name) {
            let view = piece(sums, to)?;
            to.values.insert(name.clone(), Value::View(view));
        }
    }
    Ok(())
}

/// The numbers of `view`, where it is of tokens, their features split into heads, with the batch first.
fn of(view: &View, to: &Translation) -> Option<Sums> {
    let &[_, features] = to.graph.shape(view.node) else {
        return None;
    };
    let own = whole(&to.batch(view.node));
    let plain = view.rolled == [0; 2] && view.rotary.is_none();
    let (first, rest) = view.dims.split_first()?;
    let batch = *first == own[0] && rest.iter().flatten().all(|atom| atom.axis > 0);
    if !plain || !batch || rest.len() < 3 {
        return None;
    }
    let stride = |axis: usize| if axis == 1 { features } else { 1 };
    let picked = view.picked;
    let start = picked.map_or(0, |(atom, at)| at * atom.inner * stride(atom.axis));
    let mut index = vec![start];
    for atom in rest.iter().flatten() {
        let step = atom.inner * stride(atom.axis);
        let steps = |start: usize| (0..atom.size).map(move |i| start + i * step);
        index = index.into_iter().flat_map(steps).collect();
    }
    let dims = rest.iter().map(atoms::size).collect();
    let factor = view.scale as f32;
    Some(Sums::new(view.node, (dims, index), factor, view.norm))
}

fn times(sums: &Sums, table: &Constant) -> Option<Sums> {
    sums.times(&table.dims, table.floats()?)
}

/// A product whose first factor is the constant.
fn second(node: &OnnxNode, to: &Translation) -> Result<Option<Value>, Problem> {
    if node.op_type != "Mul" {
        return Ok(None);
    }
    let (a, b) = (required(node, 0)?, required(node, 1)?);
    let found = match (to.value(a)?, to.value(b)?) {
        (Value::Constant(constant), Value::Sums(sums)) => times(sums, constant),
        (Value::Constant(constant), Value::View(view)) => {
            of(view, to).and_then(|sums| times(&sums, constant))
        }
        _ => None,
    };
    Ok(found.map(|found| Value::Sums(Box::new(found))))
}

fn slice(node: &OnnxNode, x: &Sums, to: &Translation) -> Result<Option<Sums>, Problem> {
    let starts = listed(node, 1, "starts", to)?.unwrap_or_default();
    let ends = listed(node, 2, "ends", to)?.unwrap_or_default();
    let axes = listed(node, 3, "axes", to)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = listed(node, 4, "steps", to)?.unwrap_or_default();
    only(steps.iter().all(|&step| step == 1), REFUSED)?;
    let mut found = x.clone();
    for ((&start, &end), at) in starts.iter().zip(&ends).zip(axes) {
        let at = axis(at, x.dims.len() + 1)?;
        if at == 0 {
            return Ok(None);
        }
        let (start, end) = range(start, end, found.dims[at - 1]);
        found = found.part(at, start, end);
    }
    Ok(Some(found))
}

fn reshape(node: &OnnxNode, x: &Sums, to: &Translation) -> Result<Option<Sums>, Problem> {
    let target = to.constant(required(node, 1)?)?.ints().unwrap_or_default();
    let [_, target @ ..] = target else {
        return Ok(None);
    };
    let size = |(at, &size): (usize, &i64)| match size {
        0 => x.dims.get(at).copied(),
        size => usize::try_from(size).ok(),
    };
    let dims: Option<Vec<usize>> = target.iter().enumerate().map(size).collect();
    Ok(dims.and_then(|dims| x.reshaped(dims)))
}

/// The op whose output `sums` are: queries and keys of a whole node turned, values as they were.
fn all(sums: &Sums, to: &mut Translation) -> Result<View, Problem> {
    let &[tokens, features] = to.graph.shape(sums.node) else {
        return Err(REFUSED.into());
    };
    let width = features / 3;
    let whole = |size: &usize| size.is_multiple_of(4) && features.is_multiple_of(3 * size);
    let size = sums.size().filter(whole).ok_or(REFUSED)?;
    let piece = |third: usize, at: [usize; 3]| -> usize {
        let [head, token, number] = at;
        token * features + third * width + head * size + number
    };
    let sizes = [width / size, tokens, size];
    let (rotary, scale) = turned(sums, sizes, |at| (piece(0, at), piece(0, at)))?;
    let keys = turned(sums, sizes, |at| (piece(1, at), piece(1, at)))?;
    let values = (0..tokens * width).all(|at| {
        let index = at / width * features + 2 * width + at % width;
        (sums.factor(index, index) - 1.0).abs() < NEAR && sums.is_only(index, [index; 2])
    });
    let same = keys.0 == rotary && (scale - 1.0).abs() < NEAR && (keys.1 - 1.0).abs() < NEAR;
    only(same && values && sums.norm.is_none(), REFUSED)?;
    let name = to.graph.nodes()[sums.node.0].name.clone();
    let scope = name.rsplit_once('.').map_or("", |(scope, _)| scope);
    let op = Op::Rotary(rotary);
    let node = to.push(&format!("{scope}.rotary"), op, &[sums.node])?;
    Ok(to.plain(node))
}

/// Queries or keys that are turned, as a part of their node that still is to be turned.
fn piece(sums: &Sums, to: &Translation) -> Result<View, Problem> {
    let (&[tokens, features], &[a, b, c]) = (to.graph.shape(sums.node), sums.dims.as_slice())
    else {
        return Err(REFUSED.into());
    };
    // Heads, tokens and numbers stand in one of these orders.
    for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
        let sizes = order.map(|at| [a, b, c][at]);
        let [heads, seen, size] = sizes;
        let width = heads * size;
        if seen != tokens || ![width, 3 * width].contains(&features) || !size.is_multiple_of(4) {
            continue;
        }
        let mut strides = [0; 3];
        let of = [b * c, c, 1];
        for (stride, at) in strides.iter_mut().zip(order) {
            *stride = of[at];
        }
        let third = sums.first() % features / width;
        let place = |at: [usize; 3]| {
            let number: usize = at.iter().zip(strides).map(|(i, stride)| i * stride).sum();
            let [head, token, inner] = at;
            (
                number,
                token * features + third * width + head * size + inner,
            )
        };
        let Ok((rotary, scale)) = turned(sums, sizes, place) else {
            continue;
        };
        let own = whole(&to.batch(sums.node));
        let shown: [Dim; 3] = [
            dim(&[(2, heads, size)]),
            own[1].clone(),
            dim(&[(2, size, 1)]),
        ];
        let mut dims = vec![own[0].clone(), Vec::new(), Vec::new(), Vec::new()];
        for (shown, at) in shown.into_iter().zip(order) {
            dims[at + 1] = shown;
        }
        let atom = Atom {
            axis: 2,
            size: 3,
            inner: width,
        };
        return Ok(View {
            dims,
            picked: (features != width).then_some((atom, third)),
            scale: f64::from(scale),
            norm: sums.norm,
            rotary: Some(rotary),
            ..to.plain(sums.node)
        });
    }
    Err(REFUSED.into())
}

/// The rotary positions by which `sums` are turned, and what they are multiplied with besides; `place` tells of the
/// number of a head and a token its place among the sums and in the node.
fn turned(
    sums: &Sums,
    [heads, tokens, size]: [usize; 3],
    place: impl Fn([usize; 3]) -> (usize, usize),
) -> Result<(Rotary, f32), Problem> {
    let half = size / 2;
    let pair = |head: usize, token: usize, j: usize| {
        let (upper, a) = place([head, token, j]);
        let (lower, b) = place([head, token, half + j]);
        let clean = sums.is_only(upper, [a, b]) && sums.is_only(lower, [a, b]);
        let (cos, sin) = (sums.factor(upper, a), sums.factor(lower, a));
        let same = (sums.factor(lower, b) - cos).abs() < NEAR
            && (sums.factor(upper, b) + sin).abs() < NEAR;
        (clean && same).then_some((cos, sin))
    };
    let mut pairs = Vec::with_capacity(heads * tokens * half);
    for head in 0..heads {
        for token in 0..tokens {
            for j in 0..half {
                pairs.push(pair(head, token, j).ok_or(REFUSED)?);
            }
        }
    }
    let (cos, sin) = pairs[0];
    let scale = cos.hypot(sin);
    only(scale > 1e-6, REFUSED)?;
    for (cos, sin) in &mut pairs {
        (*cos, *sin) = (*cos / scale, *sin / scale);
    }
    let still = |token: &usize| {
        let row = &pairs[token * half..(token + 1) * half];
        row.iter()
            .all(|(cos, sin)| (cos - 1.0).abs() < NEAR && sin.abs() < NEAR)
    };
    let prefix = (0..tokens).take_while(still).count();
    let patches = tokens - prefix;
    let first = &pairs[prefix * half..];
    for rows in (1..=patches).filter(|rows| patches.is_multiple_of(*rows)) {
        let grid = [rows, patches / rows];
        let rotary = Rotary {
            heads,
            prefix,
            grid,
            base: base(first, grid, size / 4),
        };
        let [cos, sin] = rotary.tables(size);
        let fits = (0..heads * patches * half).all(|at| {
            let (head, inner) = (at / (patches * half), at % (patches * half));
            let (c, s) = pairs[(head * tokens + prefix) * half + inner];
            (c - cos[inner]).abs() < NEAR && (s - sin[inner]).abs() < NEAR
        });
        if fits {
            return Ok((rotary, scale));
        }
    }
    Err(REFUSED.into())
}

/// The ratio of periods that the angles of the first patch of `grid` tell; each axis has `quarter` of them.
fn base(pairs: &[(f32, f32)], grid: [usize; 2], quarter: usize) -> f64 {
    let usual = 100.0;
    let Some(axis) = grid
        .iter()
        .position(|&side| side > 1)
        .filter(|_| quarter > 1)
    else {
        return usual;
    };
    let Some(&(cos, sin)) = pairs.get(axis * quarter + 1) else {
        return usual;
    };
    let tau = std::f64::consts::TAU;
    let longest = tau * (1.0 / grid[axis] as f64 - 1.0);
    let angle = f64::from(sin).atan2(f64::from(cos));
    let angle = if angle > 0.0 { angle - tau } else { angle };
    let base = (longest / angle).powi(quarter as i32);
    let near = base.round();
    if (base - near).abs() < 1e-2 * near {
        near
    } else {
        base
    }
}
