//! Attention as products and a softmax, over all tokens or within windows of an image.

use std::collections::BTreeMap;

use super::atoms::{self, Atom, Dim, dim, reshaped, whole};
use super::heads;
use super::settings::{Problem, only};
use super::translation::{BATCH, Translation, features_axis, plain_name, tensor};
use super::value::{Constant, Scores, View};
use crate::graph::Op;
use crate::graph::ops::{Attention, ToTokens, WindowAttention};

/// What an attention has to look like, for refusals.
const EXPECTED: &str = "multiplies two values in a way that is no attention of queries, keys and values from one layer";

/// Which third of the features `view` is, where it is one.
fn third(view: &View, to: &Translation) -> Option<usize> {
    let (atom, index) = view.picked?;
    let features = features_axis(to.batch(view.node).len());
    (atom.axis == features && atom.size == 3).then_some(index)
}

/// `q kᵀ` in each head.
pub(super) fn scores(queries: &View, keys: &View, to: &Translation) -> Result<Scores, Problem> {
    let thirds = (third(queries, to), third(keys, to));
    let ([outer @ .., tokens, size], [others @ .., turned, last]) =
        (queries.dims.as_slice(), keys.dims.as_slice())
    else {
        return Err(EXPECTED.into());
    };
    let own = heads::are_apart([queries, keys], to);
    let fits = (own || (thirds == (Some(0), Some(1)) && queries.node == keys.node))
        && queries.rolled == keys.rolled
        && outer == others
        && (tokens, size) == (last, turned)
        && queries.norm.is_some() == keys.norm.is_some()
        && queries.rotary == keys.rotary;
    only(fits, EXPECTED)?;
    Ok(Scores {
        node: queries.node,
        keys: own.then_some(keys.node),
        rotary: queries.rotary,
        norms: queries.norm.zip(keys.norm).map(|(q, k)| [q, k]),
        outer: outer.to_vec(),
        tokens: tokens.clone(),
        size: size.clone(),
        scale: queries.scale * keys.scale,
        rolled: queries.rolled,
        bias: None,
        mask: None,
        weights: false,
    })
}

/// `scores` with batch, windows and heads in other dimensions.
pub(super) fn regrouped(scores: &Scores, target: &[i64]) -> Result<Scores, Problem> {
    let tokens = atoms::size(&scores.tokens) as i64;
    let refused = "reshapes the scores of an attention over its tokens";
    let [outer @ .., a, b] = target else {
        return Err(refused.into());
    };
    only((*a, *b) == (tokens, tokens), refused)?;
    Ok(Scores {
        outer: reshaped(&scores.outer, outer).ok_or(refused)?,
        ..scores.clone()
    })
}

/// `scores` with a bias for pairs of positions, or with a mask for the pairs of each window.
pub(super) fn added(
    scores: Scores,
    constant: &Constant,
    to: &Translation,
) -> Result<Scores, Problem> {
    let tokens = atoms::size(&scores.tokens);
    let values = constant.floats().map_or(0, <[f32]>::len);
    let outer = scores.outer.iter().map(atoms::size).product::<usize>() / BATCH;
    let &[_, height, width] = to.graph.shape(scores.node) else {
        return Err("adds a constant to the scores of an attention over all tokens".into());
    };
    let windows = height * width / tokens.max(1);
    let heads = outer / windows.max(1);
    let constant = Some(constant.clone());
    if values == heads * tokens * tokens && scores.bias.is_none() && !scores.weights {
        return Ok(Scores {
            bias: constant,
            ..scores
        });
    }
    only(
        values == windows * tokens * tokens && scores.mask.is_none() && !scores.weights,
        "adds a constant to scores that is neither a bias of pairs nor a mask of windows",
    )?;
    Ok(Scores {
        mask: constant,
        ..scores
    })
}

/// The attention whose weights are `scores`, of `values`.
pub(super) fn mix(
    scores: &Scores,
    values: &View,
    name: &str,
    to: &mut Translation,
) -> Result<View, Problem> {
    let mut dims = scores.outer.clone();
    dims.extend([scores.tokens.clone(), scores.size.clone()]);
    let fits = scores.weights
        && (scores.keys.is_some() || (third(values, to), values.node) == (Some(2), scores.node))
        && (values.scale - 1.0).abs() < 1e-12
        && (&values.dims, values.norm, values.rotary) == (&dims, None, None)
        && values.rolled == scores.rolled;
    only(fits, EXPECTED)?;
    let scores = &heads::side_by_side(scores, values, to)?;
    let shape = to.graph.shape(scores.node).to_vec();
    let axis = features_axis(shape.len() + 1);
    let (width, size) = (shape[axis - 1] / 3, atoms::size(&scores.size));
    only(
        scores.size == dim(&[(axis, size, 1)]) && width.is_multiple_of(size),
        EXPECTED,
    )?;
    let heads = width / size;
    let scale = scores.scale * (size as f64).sqrt();
    only(
        (scale - 1.0).abs() < 1e-4,
        format!("scales the scores by {} instead of 1/√{size}", scores.scale),
    )?;
    let outer: Dim = scores.outer.concat();
    let node = match shape.as_slice() {
        [_, _] => {
            let batch = whole(&to.batch(scores.node));
            let expected = [batch[0].clone(), dim(&[(axis, heads, size)])].concat();
            let bare = scores.bias.is_none() && scores.mask.is_none();
            only(
                outer == expected && scores.tokens == batch[1] && bare,
                EXPECTED,
            )?;
            to.push(name, Op::Attention(Attention { heads }), &[scores.node])?
        }
        _ if scores.bias.is_none() && scores.mask.is_none() => {
            return over_image(scores, heads, name, to);
        }
        &[_, height, width] => {
            let window = scores.tokens.first().map_or(1, |atom| atom.size);
            let expected = dim(&[
                (0, BATCH, 1),
                (2, height / window, window),
                (3, width / window, window),
                (1, heads, size),
            ]);
            let square = scores.tokens == dim(&[(2, window, 1), (3, window, 1)]);
            only(outer == expected && square, EXPECTED)?;
            windows(scores, [heads, window], [height, width], to)?
        }
        _ => return Err(EXPECTED.into()),
    };
    Ok(View {
        node,
        dims,
        rolled: scores.rolled,
        ..to.plain(node)
    })
}

/// Attention over all positions of an image, which become tokens.
fn over_image(
    scores: &Scores,
    heads: usize,
    name: &str,
    to: &mut Translation,
) -> Result<View, Problem> {
    let own = whole(&to.batch(scores.node));
    let size = atoms::size(&scores.size);
    let outer = [own[0].clone(), dim(&[(1, heads, size)])].concat();
    let all = scores.tokens == own[2..].concat() && scores.outer.concat() == outer;
    only(all && scores.rolled == [0; 2], EXPECTED)?;
    let tokens = to.push("to_tokens", Op::ToTokens(ToTokens), &[scores.node])?;
    let node = to.push(name, Op::Attention(Attention { heads }), &[tokens])?;
    let renamed = |place: &Dim| -> Dim {
        let axis = |axis| if axis == 1 { 2 } else { axis };
        let atoms = place.iter().map(|atom| Atom {
            axis: axis(atom.axis),
            ..*atom
        });
        atoms.collect()
    };
    let mut dims: Vec<Dim> = scores.outer.iter().map(renamed).collect();
    let count = atoms::size(&scores.tokens);
    dims.extend([dim(&[(1, count, 1)]), renamed(&scores.size)]);
    Ok(View {
        dims,
        ..to.plain(node)
    })
}

/// Attention within windows.
fn windows(
    scores: &Scores,
    [heads, window]: [usize; 2],
    [height, width]: [usize; 2],
    to: &mut Translation,
) -> Result<crate::graph::NodeId, Problem> {
    let [shift, same] = scores.rolled;
    let op = WindowAttention {
        heads,
        window,
        shift,
    };
    let mask = scores.mask.as_ref().and_then(Constant::floats);
    let expected = (shift > 0).then(|| op.mask(height, width));
    only(
        shift == same && mask == expected.as_deref(),
        "masks windows in another way than by what is apart in the image",
    )?;
    let bias = scores
        .bias
        .as_ref()
        .ok_or("has windows without a bias of positions")?;
    let table = table(&op, bias.floats().unwrap_or_default())?;
    let under = ".relative_position_bias_table";
    let bare = bias.name.strip_suffix(under).unwrap_or(&bias.name);
    let prefix = to.free(&plain_name(bare));
    let side = 2 * window - 1;
    let start = tensor(&table, &[side * side, heads])?;
    to.start.insert(format!("{prefix}{under}"), start);
    to.named(prefix, Op::WindowAttention(op), &[scores.node])
}

/// The table (distances, heads) that `bias` (heads, pairs) was looked up in.
fn table(op: &WindowAttention, bias: &[f32]) -> Result<Vec<f32>, Problem> {
    let pairs = op.pairs();
    let mut found: BTreeMap<(u32, usize), f32> = BTreeMap::new();
    for (head, values) in bias.chunks_exact(pairs.len()).enumerate() {
        for (&pair, &value) in pairs.iter().zip(values) {
            let there = *found.entry((pair, head)).or_insert(value);
            only(
                there.to_bits() == value.to_bits(),
                "has a bias of pairs that does not follow from their distance",
            )?;
        }
    }
    Ok(found.into_values().collect())
}
