//! Layer norm.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::LayerNorm;
use crate::kernels::layer_norm as kernel;

pub(super) fn forward(cx: &Context, step: &Step, op: &LayerNorm, x: Arc<Buffer>) -> Done {
    let params = cx.parameters(step)?;
    let mut y = cx.arena.take(x.len());
    with_values(&params[0].var, |weight| {
        with_values(&params[1].var, |bias| {
            kernel::forward(cx.simd, &x, weight, bias, op.eps as f32, &mut y);
        })
    })??;
    let kept = Kept::input(x);
    Ok((Arc::new(y), kept))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &LayerNorm,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let other = flow.take(step.inputs[0]);
    let other = other.as_ref().map(|g| &g[..]);
    let (weight, bias) = with_values(&params[0].var, |weight| {
        kernel::backward(cx.simd, x, weight, op.eps as f32, &mut gradient, other)
    })?;
    flow.parameter(&params[0], weight)?;
    flow.parameter(&params[1], bias)?;
    if flow.wants(step.inputs[0]) {
        flow.put(step.inputs[0], gradient);
    }
    Ok(())
}
