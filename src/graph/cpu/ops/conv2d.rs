//! Convolution.

use std::sync::Arc;

use super::Done;
use crate::error::Result;
use crate::graph::conv2d::Conv2d;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::backward::Flow;
use crate::graph::cpu::fold::Folded;
use crate::graph::cpu::forward::{Context, Kept, kept};
use crate::graph::cpu::plan::{Step, Then};
use crate::graph::cpu::tensor::with_values;
use crate::kernels::batch_norm::{Affine, Finish};
use crate::kernels::{ConvShape, conv, elementwise};
use crate::params::Param;

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

pub(super) fn forward(
    cx: &Context,
    step: &Step,
    op: &Conv2d,
    x: Arc<Buffer>,
    residual: Option<&Buffer>,
) -> Done {
    let shape = sizes(cx, step, op);
    let params = cx.parameters(step)?;
    let affine = affine(cx, step, op, params.get(1))?;
    let finish = affine.as_ref().map(|affine| Finish {
        affine,
        residual: residual.map(|r| &r[..]),
        relu: step.then == Then::Relu,
    });
    let mut y = cx.arena.take(shape.output_len());
    let mut space = cx.arena.take(conv::workspace(&shape));
    with_values(&params[0].var, |weight| {
        conv::forward(cx.simd, &shape, &x, weight, (&mut y, finish), &mut space);
    })?;
    let kept = Kept {
        x: Some(x),
        ..Kept::default()
    };
    Ok((Arc::new(y), kept))
}

/// What the bias and the batch norm taken in come to.
fn affine(cx: &Context, step: &Step, op: &Conv2d, bias: Option<&Param>) -> Result<Option<Affine>> {
    let bias = match bias {
        Some(bias) => Some(with_values(&bias.var, <[f32]>::to_vec)?),
        None => None,
    };
    if let Some(Folded { op, name }) = &step.folded {
        return super::batch_norm::running(cx, op, name, bias.as_deref()).map(Some);
    }
    let ones = vec![1.0; op.output];
    let level = |bias: Vec<f32>| {
        let (zero, one) = (vec![0.0; op.output], vec![1.0; op.output]);
        Affine::new(&zero, &one, 0.0, Some((&ones, &bias)))
    };
    Ok(bias.map(level))
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
