//! Global response normalisation.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::GlobalResponseNorm;
use crate::kernels::response_norm as kernel;

pub(super) fn forward(cx: &Context, step: &Step, op: &GlobalResponseNorm, x: Arc<Buffer>) -> Done {
    let params = cx.parameters(step)?;
    let image = step.from.iter().product();
    let mut y = cx.arena.take(x.len());
    with_values(&params[0].var, |weight| {
        with_values(&params[1].var, |bias| {
            kernel::forward(cx.simd, image, &x, (weight, bias), op.eps as f32, &mut y);
        })
    })??;
    Ok((Arc::new(y), Kept::input(x)))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &GlobalResponseNorm,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let image = step.from.iter().product();
    let (weight, bias) = with_values(&params[0].var, |weight| {
        kernel::backward(cx.simd, image, x, weight, op.eps as f32, &mut gradient)
    })?;
    flow.parameter(&params[0], weight)?;
    flow.parameter(&params[1], bias)?;
    flow.give(cx.simd, step.inputs[0], gradient);
    Ok(())
}
