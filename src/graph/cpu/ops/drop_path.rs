//! Stochastic depth, with the residual sum that may follow it.

use std::sync::Arc;

use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Kept};
use crate::graph::ops::DropPath;
use crate::kernels::elementwise;

pub(super) fn forward(
    cx: &Context,
    op: DropPath,
    x: Arc<Buffer>,
    residual: Option<&Buffer>,
) -> (Arc<Buffer>, Kept) {
    // In place where nothing else holds the branch.
    let mut y = Arc::try_unwrap(x).unwrap_or_else(|shared| copy(cx, &shared));
    scale(cx, op, &mut y, residual);
    (Arc::new(y), Kept::default())
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: DropPath,
    mut gradient: Buffer,
    flow: &mut Flow,
) {
    if let Some(&residual) = step.inputs.get(1) {
        let branch = copy(cx, &gradient);
        flow.give(cx.simd, residual, std::mem::replace(&mut gradient, branch));
    }
    scale(cx, op, &mut gradient, None);
    flow.give(cx.simd, step.inputs[0], gradient);
}

/// `y = factors · y + residual`
fn scale(cx: &Context, op: DropPath, y: &mut Buffer, residual: Option<&Buffer>) {
    let factors = op.factors(cx.mode.draws(), cx.batch);
    let residual = residual.map(|residual| &residual[..]);
    elementwise::scale_parts(cx.simd, y, &factors, residual);
}

fn copy(cx: &Context, values: &Buffer) -> Buffer {
    let mut copy = cx.arena.take(values.len());
    copy.copy_from_slice(values);
    copy
}
