//! Factors and gates: LayerScale, products of branches, gated units, activations number by number.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::Pointwise;
use crate::kernels::{curve, gates};

pub(super) fn pointwise(cx: &Context, op: Pointwise, x: Arc<Buffer>) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len());
    curve::forward(cx.simd, op.0, &x, &mut y);
    (Arc::new(y), Kept::input(x))
}

pub(super) fn pointwise_backward(
    cx: &Context,
    step: &Step,
    op: Pointwise,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    curve::backward(cx.simd, op.0, kept(tape.x.as_ref())?, &mut gradient);
    flow.give(cx.simd, step.inputs[0], gradient);
    Ok(())
}

pub(super) fn scale(cx: &Context, step: &Step, x: Arc<Buffer>) -> Done {
    let params = cx.parameters(step)?;
    let mut y = cx.arena.take(x.len());
    with_values(&params[0].var, |gamma| {
        gates::scale_rows(cx.simd, &x, gamma, &mut y);
    })?;
    Ok((Arc::new(y), Kept::input(x)))
}

pub(super) fn scale_backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let mut of_gamma = vec![0.0; params[0].var.elem_count()];
    gates::product_sums(cx.simd, gradient, kept(tape.x.as_ref())?, &mut of_gamma);
    flow.parameter(&params[0], of_gamma)?;
    if flow.wants(step.inputs[0]) {
        let mut dx = cx.arena.take(gradient.len());
        with_values(&params[0].var, |gamma| {
            gates::scale_rows(cx.simd, gradient, gamma, &mut dx);
        })?;
        flow.give(cx.simd, step.inputs[0], dx);
    }
    Ok(())
}

/// The channels of an image where the second branch is one factor for each of them.
fn gated(step: &Step, a: &[f32], b: &[f32]) -> Option<usize> {
    (a.len() != b.len()).then(|| step.to[0])
}

pub(super) fn multiply(
    cx: &Context,
    step: &Step,
    a: Arc<Buffer>,
    b: Arc<Buffer>,
) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(a.len());
    match gated(step, &a, &b) {
        Some(channels) => gates::gate_images(cx.simd, channels, &a, &b, &mut y),
        None => gates::product(cx.simd, &a, &b, &mut y),
    }
    let kept = Kept {
        x: Some(a),
        y: Some(b),
        affine: None,
    };
    (Arc::new(y), kept)
}

pub(super) fn multiply_backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let (a, b) = (kept(tape.x.as_ref())?, kept(tape.y.as_ref())?);
    let (mut da, mut db) = (cx.arena.take(a.len()), cx.arena.take(b.len()));
    if let Some(channels) = gated(step, a, b) {
        gates::gate_images(cx.simd, channels, gradient, b, &mut da);
        gates::gate_sums(cx.simd, channels, a, gradient, &mut db);
    } else {
        gates::product(cx.simd, gradient, b, &mut da);
        gates::product(cx.simd, gradient, a, &mut db);
    }
    flow.give(cx.simd, step.inputs[0], da);
    flow.give(cx.simd, step.inputs[1], db);
    Ok(())
}

/// Numbers of a row of the output.
fn half(step: &Step) -> usize {
    step.to.last().copied().unwrap_or(1)
}

pub(super) fn swiglu(cx: &Context, step: &Step, x: Arc<Buffer>) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len() / 2);
    gates::swiglu(cx.simd, half(step), &x, &mut y);
    (Arc::new(y), Kept::input(x))
}

pub(super) fn swiglu_backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let x = kept(tape.x.as_ref())?;
    let mut dx = cx.arena.take(x.len());
    gates::swiglu_backward(cx.simd, half(step), x, gradient, &mut dx);
    flow.give(cx.simd, step.inputs[0], dx);
    Ok(())
}
