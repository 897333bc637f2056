//! What is done to queries and keys before their attention.

use candle_core::Tensor;

use super::channels::norm_of;
use super::place::Place;
use super::writer::Writer;
use crate::error::Result;
use crate::graph::ops::{HeadNorm, Rotary};
use crate::onnx::Attribute;

fn joined(name: &str, parts: &[&str], axis: i64, to: &mut Writer) -> String {
    to.node_with("Concat", name, parts, vec![Attribute::int("axis", axis)])
}

/// Layer norms of queries and keys, head by head.
pub(super) fn head_norm(norm: &HeadNorm, place: &Place, to: &mut Writer) -> Result<String> {
    let (heads, size) = (norm.heads as i64, norm.size as i64);
    let split = to.reshape(&place.part("split"), place.x(), &[0, 0, 3, heads, size]);
    let mut parts = Vec::new();
    for (at, name) in [(0, "q_norm"), (1, "k_norm")] {
        let part = to.slice(
            &place.part(&format!("{name}/part")),
            &split,
            2,
            (at, at + 1),
        );
        let prefix = format!("{}.{name}", place.prefix);
        parts.push(norm_of(
            &norm.norm(),
            &prefix,
            (&place.part(name), &part),
            to,
        )?);
    }
    parts.push(to.slice(&place.part("values"), &split, 2, (2, 3)));
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let all = joined(&place.part("all"), &parts, 2, to);
    Ok(to.reshape(place.name, &all, &[0, 0, 3 * heads * size]))
}

/// Pairs of numbers of queries and keys turned by the place of their patch.
pub(super) fn rotary(rotary: &Rotary, place: &Place, to: &mut Writer) -> Result<String> {
    let (heads, width) = (rotary.heads, place.shape[1] / 3);
    let size = width / heads;
    let (half, patches) = (size / 2, rotary.grid[0] * rotary.grid[1]);
    let [cos, sin] = rotary.tables(size);
    let mut table = |name: &str, values: Vec<f32>| {
        let values = Tensor::from_vec(values, (1, patches, 1, 1, half), &candle_core::Device::Cpu)?;
        to.tensor(&place.part(name), &values)
    };
    let (cos, sin) = (table("cos", cos)?, table("sin", sin)?);
    let shape = [0, 0, 3, heads as i64, size as i64];
    let split = to.reshape(&place.part("split"), place.x(), &shape);
    let turned = to.slice(&place.part("turned"), &split, 2, (0, 2));
    let values = to.slice(&place.part("values"), &split, 2, (2, 3));
    let first = rotary.prefix as i64;
    let grid = to.slice(&place.part("grid"), &turned, 1, (first, i64::MAX));
    let a = to.slice(&place.part("a"), &grid, 4, (0, half as i64));
    let b = to.slice(&place.part("b"), &grid, 4, (half as i64, size as i64));
    let mut product = |name: &str, x: &str, y: &str| to.node("Mul", &place.part(name), &[x, y]);
    let (ac, bs) = (product("a_cos", &a, &cos), product("b_sin", &b, &sin));
    let (bc, as_) = (product("b_cos", &b, &cos), product("a_sin", &a, &sin));
    let upper = to.node("Sub", &place.part("upper"), &[&ac, &bs]);
    let lower = to.node("Add", &place.part("lower"), &[&bc, &as_]);
    let mut grid = joined(&place.part("rotated"), &[&upper, &lower], 4, to);
    if first > 0 {
        let front = to.slice(&place.part("front"), &turned, 1, (0, first));
        grid = joined(&place.part("tokens"), &[&front, &grid], 1, to);
    }
    let all = joined(&place.part("all"), &[&grid, &values], 2, to);
    Ok(to.reshape(place.name, &all, &[0, 0, 3 * width as i64]))
}
