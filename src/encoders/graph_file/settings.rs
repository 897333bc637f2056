//! Settings of a node of ONNX, and its name.

use crate::onnx::{Attribute, OnnxNode};

/// What of a node cannot be used, as the end of a sentence that starts with its name.
pub(super) type Problem = String;

/// A node's name, or that of its value where it has none.
pub(super) fn name(node: &OnnxNode) -> &str {
    match (node.name.as_str(), node.output.first()) {
        ("", Some(output)) => output,
        (name, _) => name,
    }
}

fn find<'a>(node: &'a OnnxNode, name: &str) -> Option<&'a Attribute> {
    node.attribute.iter().find(|setting| setting.name == name)
}

/// The whole number `name`, or `default` where it is left out.
pub(super) fn int(node: &OnnxNode, name: &str, default: i64) -> i64 {
    find(node, name).map_or(default, |setting| setting.i)
}

/// The number `name`, or `default` where it is left out.
pub(super) fn float(node: &OnnxNode, name: &str, default: f32) -> f64 {
    f64::from(find(node, name).map_or(default, |setting| setting.f))
}

/// The whole numbers `name`.
pub(super) fn ints<'a>(node: &'a OnnxNode, name: &str) -> Option<&'a [i64]> {
    find(node, name).map(|setting| setting.ints.as_slice())
}

/// The text `name`.
pub(super) fn text(node: &OnnxNode, name: &str) -> Option<String> {
    find(node, name).map(|setting| String::from_utf8_lossy(&setting.s).into_owned())
}

/// The setting `name` as it is.
pub(super) fn setting<'a>(node: &'a OnnxNode, name: &str) -> Option<&'a Attribute> {
    find(node, name)
}

/// Refuse unless `holds`.
pub(super) fn only(holds: bool, problem: impl Into<Problem>) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(problem.into()) }
}

/// An axis counted from the end where it is negative.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, Problem> {
    let counted = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(counted)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| format!("has the axis {axis} of {rank} dimensions"))
}

/// Where a slice from `start` to `end` of `size` numbers begins and ends.
pub(super) fn range(start: i64, end: i64, size: usize) -> (usize, usize) {
    let size = size as i64;
    let place = |at: i64| {
        let counted = if at < 0 { at.saturating_add(size) } else { at };
        counted.clamp(0, size) as usize
    };
    (place(start), place(end).max(place(start)))
}
