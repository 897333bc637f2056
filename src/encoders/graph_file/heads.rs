//! What is done to queries and keys before their attention, and queries, keys and values of layers of their own.

use std::collections::{HashMap, HashSet};

use candle_core::Tensor;

use super::atoms::{Atom, Dim, dim};
use super::settings::{Problem, only};
use super::translation::{Translation, features_axis};
use super::value::{Constant, Norm, Scores, Value, View};
use crate::graph::ops::{HeadNorm, Linear};
use crate::graph::{Graph, Node, NodeId, Op};

/// Whether the last dimension of `view` are `size` numbers of each head.
pub(super) fn are_last(view: &View, size: usize, to: &Translation) -> bool {
    let axis = features_axis(to.batch(view.node).len());
    let all = to.graph.shape(view.node)[axis - 1];
    let heads = dim(&[(axis, size, 1)]);
    size < all && axis == 2 && view.dims.last() == Some(&heads)
}

/// `view` with `norm` still to be taken.
pub(super) fn normed(view: View, norm: Norm, to: &mut Translation) -> Result<View, Problem> {
    let fits = view.norm.is_none() && (view.scale - 1.0).abs() < 1e-12;
    only(
        fits,
        "normalises heads that were scaled or normalised before",
    )?;
    to.norms.push(norm);
    Ok(View {
        norm: Some(to.norms.len() - 1),
        ..view
    })
}

/// Queries, keys and values that were normalised apart, side by side again along dimension `at`.
pub(super) fn joined(
    parts: &[Value],
    at: i64,
    to: &mut Translation,
) -> Result<Option<View>, Problem> {
    let [Value::View(q), Value::View(k), Value::View(v)] = parts else {
        return Ok(None);
    };
    let (Some(norms), Ok(at)) = (q.norm.zip(k.norm), usize::try_from(at)) else {
        return Ok(None);
    };
    let same = third(q, 0).is_some() && third(q, 0) == third(k, 1) && third(k, 1) == third(v, 2);
    let open = v.norm.is_none() && q.dims.get(at).is_some_and(Vec::is_empty);
    let Some((atom, _)) = q.picked.filter(|_| same && open) else {
        return Ok(None);
    };
    let node = head_norm(q.node, norms.into(), to)?;
    let mut dims = q.dims.clone();
    dims[at] = vec![atom];
    Ok(Some(View {
        dims,
        ..to.plain(node)
    }))
}

/// The node, dimensions and piece of `view`, where it is the third `place` of what it shows, as it is.
fn third(view: &View, place: usize) -> Option<(NodeId, &[Dim], Atom)> {
    let (atom, index) = view.picked?;
    let plain = (view.scale - 1.0).abs() < 1e-12 && view.rolled == [0; 2];
    (atom.axis == 2 && atom.size == 3 && index == place && plain)
        .then_some((view.node, &view.dims, atom))
}

/// Norms of the queries and keys that stand side by side in `node`.
fn head_norm(
    node: NodeId,
    [queries, keys]: [usize; 2],
    to: &mut Translation,
) -> Result<NodeId, Problem> {
    let [q, k] = [queries, keys].map(|number| to.norms[number].clone());
    let size = q.weight.dims[0];
    let width = to.graph.shape(node).last().map_or(0, |all| all / 3);
    let fits = k.weight.dims == [size] && width.is_multiple_of(size);
    only(
        fits && (q.eps - k.eps).abs() < 1e-12,
        "has norms of queries and of keys that differ in size or in what is added to variances",
    )?;
    let bare = q.weight.name.strip_suffix(".weight");
    let bare = bare.unwrap_or(&q.weight.name);
    let named = Constant {
        name: format!("{}.weight", bare.strip_suffix(".q_norm").unwrap_or(bare)),
        ..q.weight.clone()
    };
    let prefix = to.prefix(&named, None);
    for (name, norm) in [("q_norm", &q), ("k_norm", &k)] {
        to.start_from(&format!("{prefix}.{name}.weight"), &norm.weight, &[size])?;
        let bias = norm.bias.as_ref();
        to.start_or_zeros(&format!("{prefix}.{name}.bias"), bias, size)?;
    }
    let op = HeadNorm {
        heads: width / size,
        size,
        eps: q.eps,
    };
    to.named(prefix, Op::HeadNorm(op), &[node])
}

/// The linear layer of tokens that `view` shows all of.
fn layer<'a>(view: &View, to: &'a Translation) -> Option<(&'a Node, Linear)> {
    let node = &to.graph.nodes()[view.node.0];
    match node.op {
        Some(Op::Linear(linear)) if node.shape.len() == 2 && view.picked.is_none() => {
            Some((node, linear))
        }
        _ => None,
    }
}

/// Whether `views` are linear layers of one value with parameters of their own.
pub(super) fn are_apart(views: [&View; 2], to: &Translation) -> bool {
    match views.map(|view| layer(view, to)) {
        [Some((a, first)), Some((b, second))] => {
            a.inputs == b.inputs && first.output == second.output && a.name != b.name
        }
        _ => false,
    }
}

/// `scores` on a node that has queries, keys and values side by side, normalised and turned where they are.
pub(super) fn side_by_side(
    scores: &Scores,
    values: &View,
    to: &mut Translation,
) -> Result<Scores, Problem> {
    let mut node = match scores.keys {
        Some(keys) => {
            let refused = "takes queries, keys and values of layers that differ in input or size";
            let apart = |node: NodeId| are_apart([&to.plain(node), values], to);
            only(apart(scores.node) && apart(keys), refused)?;
            one_layer([scores.node, keys, values.node], to)?
        }
        None => scores.node,
    };
    if let Some(norms) = scores.norms {
        node = head_norm(node, norms, to)?;
    }
    if let Some(rotary) = scores.rotary {
        node = to.push("rotary", Op::Rotary(rotary), &[node])?;
    }
    Ok(Scores {
        node,
        keys: None,
        norms: None,
        rotary: None,
        ..scores.clone()
    })
}

/// One linear layer instead of the three `nodes`, called by what their names begin with and `qkv`.
fn one_layer(nodes: [NodeId; 3], to: &mut Translation) -> Result<NodeId, Problem> {
    let all = nodes.map(|node| to.graph.nodes()[node.0].clone());
    let mut weights = Vec::new();
    let mut biases = Vec::new();
    for node in &all {
        let weight = to.start.get(&format!("{}.weight", node.name));
        let weight = weight.ok_or("has a layer without its weight")?.clone();
        let (output, kind) = (node.shape[1], weight.dtype());
        let zeros = || Tensor::zeros(output, kind, weight.device()).map_err(|e| e.to_string());
        let bias = to.start.get(&format!("{}.bias", node.name));
        biases.push(bias.map_or_else(zeros, |bias| Ok(bias.clone()))?);
        weights.push(weight);
    }
    let side_by_side = |parts: &[Tensor]| Tensor::cat(parts, 0).map_err(|e| e.to_string());
    let with_bias = all.iter().any(|node| {
        let name = format!("{}.bias", node.name);
        to.start.contains_key(&name)
    });
    let scope = all[0].name.rsplit_once('.').map_or("", |(scope, _)| scope);
    let name = to.free(format!("{scope}.qkv").trim_start_matches('.'));
    let weight = side_by_side(&weights)?;
    let (output, input) = weight.dims2().map_err(|e| e.to_string())?;
    to.start.insert(format!("{name}.weight"), weight);
    if with_bias {
        to.start
            .insert(format!("{name}.bias"), side_by_side(&biases)?);
    }
    let op = Linear::new(input, output, with_bias);
    to.named(name, Op::Linear(op), &all[0].inputs)
}

/// The nodes of `graph` that its output depends on, and what their parameters start from.
pub(super) fn used(
    graph: &Graph,
    start: HashMap<String, Tensor>,
) -> Result<(Graph, HashMap<String, Tensor>), Problem> {
    let nodes = graph.nodes();
    let mut needed: HashSet<usize> = graph.outputs().iter().map(|(_, node)| node.0).collect();
    for (at, node) in nodes.iter().enumerate().rev() {
        if needed.contains(&at) {
            needed.extend(node.inputs.iter().map(|input| input.0));
        }
    }
    let mut kept = Graph::new(graph.shape(graph.input()));
    let mut places = HashMap::from([(graph.input(), kept.input())]);
    for (at, node) in nodes.iter().enumerate() {
        let Some(op) = node.op.clone().filter(|_| needed.contains(&at)) else {
            continue;
        };
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| places[input]).collect();
        let made = kept.push(node.name.clone(), op, &inputs);
        places.insert(NodeId(at), made.map_err(|e| e.to_string())?);
    }
    for (name, node) in graph.outputs() {
        kept.mark(name, places[node]);
    }
    let names: HashSet<String> = kept
        .parameters()
        .into_iter()
        .map(|spec| spec.name)
        .collect();
    let start = start.into_iter().filter(|(name, _)| names.contains(name));
    Ok((kept, start.collect()))
}
