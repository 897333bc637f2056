//! Pooling.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Kept, kept};
use crate::graph::ops::MaxPool;
use crate::kernels::pool::{self as kernel, PoolShape};

fn sizes(step: &Step, op: &MaxPool) -> PoolShape {
    PoolShape {
        height: step.from[1],
        width: step.from[2],
        channels: step.from[0],
        kernel: op.kernel,
        stride: op.stride,
        padding: op.padding,
        out_height: step.to[1],
        out_width: step.to[2],
    }
}

pub(super) fn max(cx: &Context, step: &Step, op: &MaxPool, x: Arc<Buffer>) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(cx.batch * step.to.iter().product::<usize>());
    kernel::max(cx.simd, &sizes(step, op), &x, &mut y);
    let y = Arc::new(y);
    let kept = Kept {
        x: Some(x),
        y: Some(Arc::clone(&y)),
        affine: None,
    };
    (y, kept)
}

pub(super) fn max_backward(
    cx: &Context,
    step: &Step,
    op: &MaxPool,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let input = step.inputs[0];
    if !flow.wants(input) {
        return Ok(());
    }
    let (x, y) = (kept(tape.x.as_ref())?, kept(tape.y.as_ref())?);
    let mut dx = flow.take(input).unwrap_or_else(|| {
        let mut dx = cx.arena.take(x.len());
        dx.fill(0.0);
        dx
    });
    kernel::max_backward(cx.simd, &sizes(step, op), x, y, gradient, &mut dx);
    flow.put(input, dx);
    Ok(())
}

pub(super) fn average(cx: &Context, step: &Step, x: &Buffer) -> (Arc<Buffer>, Kept) {
    let (channels, pixels) = (step.from[0], step.from[1] * step.from[2]);
    let mut y = cx.arena.take(cx.batch * channels);
    kernel::average(cx.simd, pixels, channels, x, &mut y);
    (Arc::new(y), Kept::default())
}

pub(super) fn average_backward(cx: &Context, step: &Step, gradient: &Buffer, flow: &mut Flow) {
    let (channels, pixels) = (step.from[0], step.from[1] * step.from[2]);
    let mut dx = cx.arena.take(gradient.len() * pixels);
    kernel::average_backward(cx.simd, pixels, channels, gradient, &mut dx);
    flow.give(cx.simd, step.inputs[0], dx);
}
