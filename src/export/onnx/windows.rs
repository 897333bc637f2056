//! Attention within windows, as products and a softmax.

use candle_core::{Device, Tensor};

use super::attention::mixed;
use super::place::Place;
use super::writer::Writer;
use crate::error::Result;
use crate::graph::ops::WindowAttention;
use crate::onnx::{Attribute, OnnxTensor};

/// What stood `by` positions in first, along rows and columns.
fn roll(name: &str, x: &str, by: [i64; 2], to: &mut Writer) -> String {
    let mut x = x.to_string();
    for (axis, by) in [2, 3].into_iter().zip(by) {
        if by > 0 {
            let rest = to.slice(&format!("{name}/rest{axis}"), &x, axis, (by, i64::MAX));
            let first = to.slice(&format!("{name}/first{axis}"), &x, axis, (0, by));
            let at = vec![Attribute::int("axis", axis)];
            x = to.node_with("Concat", &format!("{name}/{axis}"), &[&rest, &first], at);
        }
    }
    x
}

/// Attention within the windows of an image (3·width, H, W).
pub(super) fn window_attention(
    op: &WindowAttention,
    place: &Place,
    to: &mut Writer,
) -> Result<String> {
    let [c, h, w] = [0, 1, 2].map(|at| place.shape[at] as i64);
    let (side, shift, heads) = (op.window as i64, op.shift as i64, op.heads as i64);
    let (area, width) = (side * side, c / 3);
    let moved = roll(&place.part("moved"), place.x(), [shift, shift], to);
    let tiles = [0, c, h / side, side, w / side, side];
    let tiles = to.reshape(&place.part("tiles"), &moved, &tiles);
    let tiles = to.transpose(&place.part("turned"), &tiles, &[0, 2, 4, 3, 5, 1]);
    let windows = [-1, area, 3, heads, width / heads];
    let split = to.reshape(&place.part("windows"), &tiles, &windows);
    let bias = bias(op, place, to)?;
    let each = h * w / area;
    let mask = (shift > 0).then(|| op.mask(h as usize, w as usize));
    let mask = match mask {
        Some(mask) => {
            let shape = [1, each, 1, area, area].map(|dim| dim as usize);
            let mask = Tensor::from_vec(mask, &shape, &Device::Cpu)?;
            Some(to.tensor(&place.part("mask"), &mask)?)
        }
        None => None,
    };
    let joined = mixed(place, &split, (width / heads) as usize, to, |scores, to| {
        let scores = to.node("Add", &place.part("placed"), &[scores, &bias]);
        let Some(mask) = &mask else { return scores };
        let grouped = [-1, each, heads, area, area];
        let grouped = to.reshape(&place.part("grouped"), &scores, &grouped);
        let masked = to.node("Add", &place.part("masked"), &[&grouped, mask]);
        to.reshape(&place.part("apart"), &masked, &[-1, heads, area, area])
    });
    let tiles = [-1, h / side, w / side, side, side, width];
    let tiles = to.reshape(&place.part("back"), &joined, &tiles);
    let image = to.transpose(&place.part("image"), &tiles, &[0, 5, 1, 3, 2, 4]);
    let image = to.reshape(place.name, &image, &[-1, width, h, w]);
    let back = [h, w].map(|size| (size - shift) % size);
    Ok(roll(&place.part("put_back"), &image, back, to))
}

/// The bias of every pair of positions (1, heads, positions, positions), looked up in the table.
fn bias(op: &WindowAttention, place: &Place, to: &mut Writer) -> Result<String> {
    let table = to.parameter(&format!("{}.relative_position_bias_table", place.prefix))?;
    let pairs: Vec<i64> = op.pairs().into_iter().map(i64::from).collect();
    let pairs = to.add(OnnxTensor::ints(&format!("pairs.{}", op.window), &pairs));
    let axis = vec![Attribute::int("axis", 0)];
    let bias = to.node_with("Gather", &place.part("bias"), &[&table, &pairs], axis);
    let bias = to.transpose(&place.part("bias/heads"), &bias, &[1, 0]);
    let area = (op.window * op.window) as i64;
    let shape = [1, op.heads as i64, area, area];
    Ok(to.reshape(&place.part("bias/pairs"), &bias, &shape))
}
