//! Attention.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Kept, kept};
use crate::graph::ops::Attention;
use crate::kernels::attention::{self as kernel, AttentionShape};

fn sizes(cx: &Context, step: &Step, op: Attention) -> AttentionShape {
    AttentionShape {
        batch: cx.batch,
        tokens: step.to[0],
        heads: op.heads,
        size: step.to[1] / op.heads,
    }
}

pub(super) fn forward(
    cx: &Context,
    step: &Step,
    op: Attention,
    x: Arc<Buffer>,
) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len() / 3);
    kernel::forward(cx.simd, &sizes(cx, step, op), &x, &mut y);
    let kept = Kept::input(x);
    (Arc::new(y), kept)
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: Attention,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let x = kept(tape.x.as_ref())?;
    let mut dx = cx.arena.take(x.len());
    kernel::backward(cx.simd, &sizes(cx, step, op), x, gradient, &mut dx);
    flow.give(cx.simd, step.inputs[0], dx);
    Ok(())
}
