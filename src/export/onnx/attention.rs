//! Attention as products and a softmax: the op `Attention` is younger than opset 17.

use super::place::Place;
use super::writer::Writer;
use crate::graph::ops;
use crate::onnx::Attribute;

/// `softmax(q kᵀ / √d) v` in each head, from (tokens, 3·width) to (tokens, width).
pub(super) fn attention(op: ops::Attention, place: &Place, to: &mut Writer) -> String {
    let width = place.shape[1] / 3;
    let (heads, size) = (op.heads, width / op.heads);
    let split = [0, 0, 3, heads as i64, size as i64];
    let split = to.reshape(&place.part("split"), place.x(), &split);
    let joined = mixed(place, &split, size, to, |scores, _| scores.to_string());
    to.reshape(place.name, &joined, &[0, 0, width as i64])
}

/// Values mixed by attention (N, tokens, heads, d) of `split` (N, tokens, 3, heads, d); `placed` adds to the scores.
pub(super) fn mixed(
    place: &Place,
    split: &str,
    size: usize,
    to: &mut Writer,
    placed: impl FnOnce(&str, &mut Writer) -> String,
) -> String {
    let turned = to.transpose(&place.part("heads"), split, &[2, 0, 3, 1, 4]); // (3, N, heads, tokens, d)
    let [q, k, v] = [("q", 0), ("k", 1), ("v", 2)].map(|(name, index)| {
        let index = to.int(index);
        let axis = vec![Attribute::int("axis", 0)];
        to.node_with("Gather", &place.part(name), &[&turned, &index], axis)
    });
    let scale = to.number(&format!("scale.{size}"), (size as f64).powf(-0.5));
    let q = to.node("Mul", &place.part("scaled"), &[&q, &scale]);
    let k = to.transpose(&place.part("keys"), &k, &[0, 1, 3, 2]);
    let scores = to.node("MatMul", &place.part("scores"), &[&q, &k]);
    let scores = placed(&scores, to);
    let axis = vec![Attribute::int("axis", -1)];
    let weights = to.node_with("Softmax", &place.part("weights"), &[&scores], axis);
    let mixed = to.node("MatMul", &place.part("mixed"), &[&weights, &v]);
    to.transpose(&place.part("joined"), &mixed, &[0, 2, 1, 3])
}
