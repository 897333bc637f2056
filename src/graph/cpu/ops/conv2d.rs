//! Convolution.

use std::sync::Arc;

use super::Done;
use crate::error::Result;
use crate::graph::conv2d::Conv2d;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::backward::Flow;
use crate::graph::cpu::forward::{Context, Kept, kept};
use crate::graph::cpu::plan::Step;
use crate::graph::cpu::tensor::with_values;
use crate::kernels::{ConvShape, conv, elementwise};

fn sizes(cx: &Context, step: &Step, op: &Conv2d) -> ConvShape {
    ConvShape {
        batch: cx.batch,
        height: step.from[1],
        width: step.from[2],
        input: op.input,
        output: op.output,
        kernel: op.kernel,
        stride: op.stride,
        padding: op.padding,
        dilation: op.dilation,
        groups: op.groups,
    }
}

pub(super) fn forward(cx: &Context, step: &Step, op: &Conv2d, x: Arc<Buffer>) -> Done {
    let shape = sizes(cx, step, op);
    let params = cx.parameters(step)?;
    let mut y = cx.arena.take(shape.output_len());
    let mut space = cx.arena.take(conv::workspace(&shape));
    with_values(&params[0].var, |weight| {
        conv::forward(cx.simd, &shape, &x, weight, &mut y, &mut space);
    })?;
    if let Some(bias) = params.get(1) {
        with_values(&bias.var, |bias| {
            elementwise::add_rows(cx.simd, &mut y, bias)
        })?;
    }
    let kept = Kept {
        x: Some(x),
        ..Kept::default()
    };
    Ok((Arc::new(y), kept))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &Conv2d,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let shape = sizes(cx, step, op);
    let params = cx.parameters(step)?;
    let mut space = cx.arena.take(conv::workspace(&shape));
    let mut weight = vec![0.0; shape.weight_len()];
    let x = kept(tape.x.as_ref())?;
    conv::backward_weight(cx.simd, &shape, x, gradient, &mut weight, &mut space);
    flow.parameter(&params[0], weight)?;
    if let Some(bias) = params.get(1) {
        let mut sums = vec![0.0; op.output];
        elementwise::row_sums(cx.simd, gradient, &mut sums);
        flow.parameter(bias, sums)?;
    }
    let input = step.inputs[0];
    if flow.wants(input) {
        let old = flow.take(input);
        let add = old.is_some();
        let mut dx = old.unwrap_or_else(|| cx.arena.take(shape.input_len()));
        with_values(&params[0].var, |weight| {
            conv::backward_data(
                cx.simd,
                &shape,
                gradient,
                weight,
                (&mut dx, add),
                &mut space,
            );
        })?;
        flow.put(input, dx);
    }
    Ok(())
}
