//! Attention as products and a softmax.

use super::atoms::{Atom, Dim, whole};
use super::settings::{Problem, only};
use super::translation::{Translation, piece};
use super::value::{Scores, View};
use crate::graph::Op;
use crate::graph::ops::Attention;

/// What an attention has to look like, for refusals.
const EXPECTED: &str = "multiplies two values in a way that is no attention of queries, keys and values from one layer";

/// Which third of the features `view` is, where it is one.
fn third(view: &View) -> Option<usize> {
    let (atom, index) = view.picked?;
    (atom.axis == 2 && atom.size == 3).then_some(index)
}

/// `q kᵀ` in each head.
pub(super) fn scores(queries: &View, keys: &View, to: &Translation) -> Result<Scores, Problem> {
    let thirds = (third(queries), third(keys));
    let ([outer @ .., tokens, size], [others @ .., turned, last]) =
        (queries.dims.as_slice(), keys.dims.as_slice())
    else {
        return Err(EXPECTED.into());
    };
    let fits = thirds == (Some(0), Some(1))
        && queries.node == keys.node
        && outer == others
        && (tokens, size) == (last, turned)
        && Some(tokens) == whole(&to.batch(queries.node)).get(1);
    only(fits, EXPECTED)?;
    Ok(Scores {
        node: queries.node,
        outer: outer.to_vec(),
        tokens: tokens.clone(),
        size: size.clone(),
        scale: queries.scale * keys.scale,
        weights: false,
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
        && third(values) == Some(2)
        && (values.scale - 1.0).abs() < 1e-12
        && (values.node, &values.dims) == (scores.node, &dims);
    only(fits, EXPECTED)?;
    let size = super::atoms::size(&scores.size);
    let width = to.graph.shape(scores.node)[1] / 3;
    only(
        scores.size == features(size, 1) && width.is_multiple_of(size),
        EXPECTED,
    )?;
    let heads = width / size;
    let batch = whole(&to.batch(scores.node))[0].clone();
    let atoms: Dim = scores.outer.concat();
    only(atoms == [batch, features(heads, size)].concat(), EXPECTED)?;
    let scale = scores.scale * (size as f64).sqrt();
    only(
        (scale - 1.0).abs() < 1e-4,
        format!("scales the scores by {} instead of 1/√{size}", scores.scale),
    )?;
    let node = to.push(name, Op::Attention(Attention { heads }), &[scores.node])?;
    Ok(View {
        node,
        dims,
        picked: None,
        scale: 1.0,
    })
}

/// A piece of the features; none of size 1.
fn features(size: usize, inner: usize) -> Vec<Atom> {
    if size == 1 {
        Vec::new()
    } else {
        piece(2, size, inner)
    }
}
