//! Arithmetic on constants and shapes, done while the file is read.

use std::cell::Cell;

use super::settings::{Problem, axis, int, ints, only, range, setting};
use super::source::constant_of;
use super::value::Constant;
use crate::onnx::{Numbers, OnnxNode};

/// The value of `node`, whose inputs are all constants (`None` for one left out).
pub(super) fn fold(node: &OnnxNode, inputs: &[Option<Constant>]) -> Result<Constant, Problem> {
    let output = node.output.first().map_or("", String::as_str);
    let input = |at: usize| {
        let input = inputs.get(at).and_then(Option::as_ref);
        input.ok_or_else(|| format!("lacks its input {at}"))
    };
    let numbers = match node.op_type.as_str() {
        "Constant" => return given(node, output),
        "Identity" => input(0)?.clone(),
        "Cast" | "Unsqueeze" | "Squeeze" | "Reshape" | "Transpose" | "Slice" | "Resize" => {
            return kept(node, input(0)?, inputs); // a parameter keeps its name
        }
        "Gather" => {
            let (data, index) = (input(0)?, input(1)?);
            let at = axis(int(node, "axis", 0), data.dims.len())?;
            let size = data.dims[at] as i64;
            let places = index.ints().unwrap_or_default().iter();
            let places: Vec<usize> = places
                .map(|&i| if i < 0 { i + size } else { i } as usize)
                .collect();
            only(
                places.iter().all(|&i| i < size as usize),
                "looks up what is not there",
            )?;
            let mut found = select(data, at, &places);
            found.dims.splice(at..=at, index.dims.iter().copied());
            return Ok(found); // rows of a table that keeps its name
        }
        "Concat" => concat(node, inputs)?,
        "Sqrt" => each(input(0)?, f64::sqrt)?,
        "Neg" => each(input(0)?, |x| -x)?,
        "Reciprocal" => each(input(0)?, f64::recip)?,
        "Add" => pairs(input(0)?, input(1)?, |a, b| a + b)?,
        "Sub" => pairs(input(0)?, input(1)?, |a, b| a - b)?,
        "Mul" => pairs(input(0)?, input(1)?, |a, b| a * b)?,
        "Div" => pairs(input(0)?, input(1)?, quotient(input(0)?))?,
        "Mod" => pairs(input(0)?, input(1)?, f64::rem_euclid)?,
        "Max" => pairs(input(0)?, input(1)?, f64::max)?,
        "Min" => pairs(input(0)?, input(1)?, f64::min)?,
        "Pow" => pairs(input(0)?, input(1)?, f64::powf)?,
        "Equal" => pairs(input(0)?, input(1)?, |a, b| f64::from(u8::from(a == b)))?,
        "Where" => {
            let holds = in_64_bits(input(0)?);
            let (a, b) = (input(1)?, input(2)?);
            let place = Cell::new(0);
            only(
                [a, b]
                    .iter()
                    .all(|side| in_64_bits(side).len() == holds.len()),
                "chooses between constants of different shapes",
            )?;
            pairs(a, b, |a, b| {
                let at = place.replace(place.get() + 1);
                if holds[at] == 0.0 { b } else { a }
            })?
        }
        "ConstantOfShape" => {
            let value = setting(node, "value").and_then(|setting| setting.t.as_ref());
            let value = value
                .map(|tensor| constant_of(tensor, output))
                .transpose()?;
            let number = value.and_then(|value| value.number()).unwrap_or(0.0);
            let dims = whole(input(0)?)?;
            let count: usize = dims.iter().product();
            only(count < 1 << 24, "makes a constant that is too large")?;
            Constant {
                name: output.into(),
                dims,
                numbers: Numbers::Ints(vec![number as i64; count]),
            }
        }
        _ => return Err("works on constants in a way that is not computed here".into()),
    };
    Ok(Constant {
        name: output.into(),
        ..numbers
    })
}

/// Whole-number division for whole numbers, else the quotient.
fn quotient(a: &Constant) -> fn(f64, f64) -> f64 {
    match a.numbers {
        Numbers::Ints(_) => |a, b| (a / b).trunc(),
        Numbers::Floats(_) => |a, b| a / b,
    }
}

/// What a node `Constant` holds.
fn given(node: &OnnxNode, output: &str) -> Result<Constant, Problem> {
    let floats = |dims: Vec<usize>, values: Vec<f32>| Constant {
        name: output.into(),
        dims,
        numbers: Numbers::Floats(values),
    };
    let ints = |dims: Vec<usize>, values: Vec<i64>| Constant {
        name: output.into(),
        dims,
        numbers: Numbers::Ints(values),
    };
    let [given] = node.attribute.as_slice() else {
        return Err("has not exactly one value".into());
    };
    match (given.name.as_str(), &given.t) {
        ("value", Some(tensor)) => constant_of(tensor, output),
        ("value_float", _) => Ok(floats(Vec::new(), vec![given.f])),
        ("value_floats", _) => Ok(floats(vec![given.floats.len()], given.floats.clone())),
        ("value_int", _) => Ok(ints(Vec::new(), vec![given.i])),
        ("value_ints", _) => Ok(ints(vec![given.ints.len()], given.ints.clone())),
        (other, _) => Err(format!("has a value of the kind `{other}`")),
    }
}

/// Non-negative whole numbers.
fn whole(of: &Constant) -> Result<Vec<usize>, Problem> {
    let values = of.ints().unwrap_or_default().iter();
    let values: Option<Vec<usize>> = values.map(|&value| usize::try_from(value).ok()).collect();
    values.ok_or_else(|| format!("takes the impossible shape `{}`", of.name))
}

/// Ops after which a parameter is still the same parameter.
fn kept(
    node: &OnnxNode,
    data: &Constant,
    inputs: &[Option<Constant>],
) -> Result<Constant, Problem> {
    let rank = data.dims.len();
    let listed = |at: usize, name: &str| -> Option<Vec<i64>> {
        let input = inputs.get(at).and_then(Option::as_ref);
        let of_input = input.and_then(|input| input.ints().map(<[i64]>::to_vec));
        of_input.or_else(|| ints(node, name).map(<[i64]>::to_vec))
    };
    let mut found = data.clone();
    match node.op_type.as_str() {
        "Cast" => found.numbers = cast(&data.numbers, int(node, "to", 1)),
        "Unsqueeze" => {
            let axes = listed(1, "axes").unwrap_or_default();
            let all = rank + axes.len();
            let mut axes = axes
                .iter()
                .map(|&at| axis(at, all))
                .collect::<Result<Vec<_>, _>>()?;
            axes.sort_unstable();
            for at in axes {
                found.dims.insert(at.min(found.dims.len()), 1);
            }
        }
        "Squeeze" => {
            let axes = listed(1, "axes").unwrap_or_default();
            let axes = axes
                .iter()
                .map(|&at| axis(at, rank))
                .collect::<Result<Vec<_>, _>>()?;
            let gone = |at: usize| axes.contains(&at) || (axes.is_empty() && data.dims[at] == 1);
            found.dims = (0..rank)
                .filter(|&at| !gone(at))
                .map(|at| data.dims[at])
                .collect();
        }
        "Reshape" => found.dims = reshaped(data, &listed(1, "shape").unwrap_or_default())?,
        "Transpose" => {
            let reverse: Vec<i64> = (0..rank as i64).rev().collect();
            let order = ints(node, "perm").unwrap_or(&reverse);
            let order = order
                .iter()
                .map(|&at| axis(at, rank))
                .collect::<Result<Vec<_>, _>>()?;
            found = turned(data, &order);
        }
        "Slice" => {
            let starts = listed(1, "starts").unwrap_or_default();
            let ends = listed(2, "ends").unwrap_or_default();
            let axes = listed(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
            let steps = listed(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
            for (i, &at) in axes.iter().enumerate() {
                let at = axis(at, rank)?;
                let (start, end) = (starts.get(i), ends.get(i));
                let (start, end) = start.zip(end).ok_or("takes a part without its end")?;
                let places = places((*start, *end), steps[i], found.dims[at])?;
                found = select(&found, at, &places);
            }
        }
        _ => {
            let sizes = listed(3, "sizes").unwrap_or_default();
            let same = sizes
                .iter()
                .map(|&size| size as usize)
                .eq(data.dims.iter().copied());
            only(
                same,
                "interpolates positions; choose images of the size that they were learned for",
            )?;
        }
    }
    Ok(found)
}

/// Indices from `start` to before `end`, every `step`-th of them; backwards where that is negative.
fn places((start, end): (i64, i64), step: i64, size: usize) -> Result<Vec<usize>, Problem> {
    let by = usize::try_from(step.unsigned_abs()).unwrap_or(0);
    only(by > 0 && size > 0, "takes every 0-th number")?;
    if step > 0 {
        let (start, end) = range(start, end, size);
        return Ok((start..end).step_by(by).collect());
    }
    let counted = |at: i64| {
        if at < 0 {
            at.saturating_add(size as i64)
        } else {
            at
        }
    };
    let last = size as i64 - 1;
    let (start, end) = (counted(start).clamp(0, last), counted(end).clamp(-1, last));
    Ok((end + 1..=start)
        .rev()
        .step_by(by)
        .map(|at| at as usize)
        .collect())
}

fn cast(numbers: &Numbers, to: i64) -> Numbers {
    let float = [1, 10, 11, 16].contains(&to);
    match numbers {
        Numbers::Floats(values) if !float => {
            Numbers::Ints(values.iter().map(|&v| v as i64).collect())
        }
        Numbers::Ints(values) if float => {
            Numbers::Floats(values.iter().map(|&v| v as f32).collect())
        }
        same => same.clone(),
    }
}

fn reshaped(data: &Constant, target: &[i64]) -> Result<Vec<usize>, Problem> {
    let all: usize = data.dims.iter().product();
    let size = |(at, &size): (usize, &i64)| match size {
        0 => data.dims.get(at).copied(),
        -1 => None,
        size => usize::try_from(size).ok(),
    };
    let sizes: Vec<Option<usize>> = target.iter().enumerate().map(size).collect();
    let known: usize = sizes.iter().flatten().product();
    let open = sizes.iter().filter(|size| size.is_none()).count();
    let rest = all.checked_div(known).unwrap_or(0);
    let dims: Vec<usize> = sizes.iter().map(|size| size.unwrap_or(rest)).collect();
    only(
        open <= 1 && dims.iter().product::<usize>() == all,
        format!(
            "reshapes {:?} to {target:?}, which does not multiply out",
            data.dims
        ),
    )?;
    Ok(dims)
}

/// `data` at `places` of dimension `at`.
fn select(data: &Constant, at: usize, places: &[usize]) -> Constant {
    let inner: usize = data.dims[at + 1..].iter().product();
    let outer: usize = data.dims[..at].iter().product();
    let size = data.dims[at];
    let index = (0..outer).flat_map(|o| {
        let place = move |&p: &usize| (0..inner).map(move |i| (o * size + p) * inner + i);
        places.iter().flat_map(place)
    });
    let index: Vec<usize> = index.collect();
    let mut found = gathered(data, &index);
    found.dims[at] = places.len();
    found
}

/// `data` with its dimensions in the order `order`.
fn turned(data: &Constant, order: &[usize]) -> Constant {
    let mut strides = vec![1; data.dims.len()];
    for at in (1..strides.len()).rev() {
        strides[at - 1] = strides[at] * data.dims[at];
    }
    let dims: Vec<usize> = order.iter().map(|&at| data.dims[at]).collect();
    let mut index = vec![0];
    for (&at, &dim) in order.iter().zip(&dims) {
        let step = strides[at];
        index = index
            .into_iter()
            .flat_map(|start| (0..dim).map(move |i| start + i * step))
            .collect();
    }
    Constant {
        dims,
        ..gathered(data, &index)
    }
}

/// The numbers at `index`, in the shape of `data`.
fn gathered(data: &Constant, index: &[usize]) -> Constant {
    let numbers = match &data.numbers {
        Numbers::Floats(values) => Numbers::Floats(index.iter().map(|&i| values[i]).collect()),
        Numbers::Ints(values) => Numbers::Ints(index.iter().map(|&i| values[i]).collect()),
    };
    Constant {
        numbers,
        ..data.clone()
    }
}

fn concat(node: &OnnxNode, inputs: &[Option<Constant>]) -> Result<Constant, Problem> {
    let parts: Vec<&Constant> = inputs.iter().flatten().collect();
    let first = *parts.first().ok_or("joins nothing")?;
    let at = axis(int(node, "axis", 0), first.dims.len())?;
    let same = |part: &&Constant| {
        let others = part.dims.iter().zip(&first.dims).enumerate();
        part.dims.len() == first.dims.len()
            && others.into_iter().all(|(i, (a, b))| i == at || a == b)
    };
    only(
        parts.iter().all(same),
        "joins constants of different shapes",
    )?;
    let inner: usize = first.dims[at + 1..].iter().product();
    let outer: usize = first.dims[..at].iter().product();
    let (mut floats, mut whole) = (Vec::new(), Vec::new());
    for o in 0..outer {
        for part in &parts {
            let row = part.dims[at] * inner;
            match &part.numbers {
                Numbers::Floats(values) => {
                    floats.extend_from_slice(&values[o * row..(o + 1) * row]);
                }
                Numbers::Ints(values) => {
                    whole.extend_from_slice(&values[o * row..(o + 1) * row]);
                }
            }
        }
    }
    let mut dims = first.dims.clone();
    dims[at] = parts.iter().map(|part| part.dims[at]).sum();
    Ok(Constant {
        name: first.name.clone(),
        dims,
        numbers: if whole.is_empty() {
            Numbers::Floats(floats)
        } else {
            Numbers::Ints(whole)
        },
    })
}

fn each(a: &Constant, apply: impl Fn(f64) -> f64) -> Result<Constant, Problem> {
    pairs(a, a, |a, _| apply(a))
}

/// `apply` number by number; one of the two may be a single number.
fn pairs(a: &Constant, b: &Constant, apply: impl Fn(f64, f64) -> f64) -> Result<Constant, Problem> {
    let (x, y) = (in_64_bits(a), in_64_bits(b));
    only(
        x.len() == y.len() || x.len() == 1 || y.len() == 1,
        format!("combines constants of shapes {:?} and {:?}", a.dims, b.dims),
    )?;
    let count = x.len().max(y.len());
    let at = |values: &[f64], i: usize| values[if values.len() == 1 { 0 } else { i }];
    let values = (0..count).map(|i| apply(at(&x, i), at(&y, i)));
    let whole = a.ints().is_some() && b.ints().is_some();
    Ok(Constant {
        numbers: if whole {
            Numbers::Ints(values.map(|v| v as i64).collect())
        } else {
            Numbers::Floats(values.map(|v| v as f32).collect())
        },
        dims: if x.len() >= y.len() { &a.dims } else { &b.dims }.clone(),
        name: a.name.clone(),
    })
}

fn in_64_bits(of: &Constant) -> Vec<f64> {
    match &of.numbers {
        Numbers::Floats(values) => values.iter().map(|&v| f64::from(v)).collect(),
        Numbers::Ints(values) => values.iter().map(|&v| v as f64).collect(),
    }
}
