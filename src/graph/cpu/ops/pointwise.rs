//! Sum, activations, and the change of shape.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Kept, kept};
use crate::kernels::{activation, elementwise, layout};

pub(super) fn relu(cx: &Context, x: &Buffer) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len());
    activation::relu(cx.simd, x, &mut y);
    let y = Arc::new(y);
    let kept = Kept::output(&y);
    (y, kept)
}

pub(super) fn relu_backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    activation::relu_backward(cx.simd, kept(tape.y.as_ref())?, &mut gradient);
    flow.give(cx.simd, step.inputs[0], gradient);
    Ok(())
}

pub(super) fn gelu(cx: &Context, x: Arc<Buffer>) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len());
    activation::gelu(cx.simd, &x, &mut y);
    let kept = Kept::input(x);
    (Arc::new(y), kept)
}

pub(super) fn gelu_backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    activation::gelu_backward(cx.simd, kept(tape.x.as_ref())?, &mut gradient);
    flow.give(cx.simd, step.inputs[0], gradient);
    Ok(())
}

pub(super) fn tanh(cx: &Context, x: &Buffer) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len());
    activation::tanh(x, &mut y);
    let y = Arc::new(y);
    let kept = Kept::output(&y);
    (y, kept)
}

pub(super) fn tanh_backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    activation::tanh_backward(cx.simd, kept(tape.y.as_ref())?, &mut gradient);
    flow.give(cx.simd, step.inputs[0], gradient);
    Ok(())
}

pub(super) fn add(cx: &Context, a: &Buffer, b: &Buffer) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(a.len());
    elementwise::sum(cx.simd, a, b, &mut y);
    (Arc::new(y), Kept::default())
}

pub(super) fn add_backward(cx: &Context, step: &Step, gradient: Buffer, flow: &mut Flow) {
    let mut copy = cx.arena.take(gradient.len());
    copy.copy_from_slice(&gradient);
    flow.give(cx.simd, step.inputs[0], copy);
    flow.give(cx.simd, step.inputs[1], gradient);
}

/// Channels and pixels of a sample whose order a flatten has to change.
fn turned(shape: &[usize]) -> Option<(usize, usize)> {
    match *shape {
        [channels, height, width] if channels > 1 && height * width > 1 => {
            Some((channels, height * width))
        }
        _ => None,
    }
}

pub(super) fn flatten(cx: &Context, step: &Step, x: Arc<Buffer>) -> (Arc<Buffer>, Kept) {
    let Some((channels, pixels)) = turned(&step.from) else {
        return (x, Kept::default());
    };
    let mut y = cx.arena.take(x.len());
    layout::channels_first(channels, pixels, &x, &mut y);
    (Arc::new(y), Kept::default())
}

pub(super) fn flatten_backward(cx: &Context, step: &Step, gradient: Buffer, flow: &mut Flow) {
    let Some((channels, pixels)) = turned(&step.from) else {
        flow.give(cx.simd, step.inputs[0], gradient);
        return;
    };
    let mut dx = cx.arena.take(gradient.len());
    layout::channels_last(channels, pixels, &gradient, &mut dx);
    flow.give(cx.simd, step.inputs[0], dx);
}
