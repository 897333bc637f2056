//! Convolution.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::products;
use crate::graph::cpu::step::{self, Folded, Step};
use crate::graph::cpu::tape::{Context, Deferred, Kept, Value, kept};
use crate::graph::cpu::tensor::{values, with_values};
use crate::graph::ops::Conv2d;
use crate::kernels::batch_norm::{
    ChannelMoments, Epilogue, Finish, GatedSums, Input, NormSums, ScaleShift,
};
use crate::kernels::bf16;
use crate::kernels::{ConvShape, Products, conv, elementwise};
use crate::params::Param;

pub(in crate::graph::cpu) fn sizes(batch: usize, step: &Step, op: &Conv2d) -> ConvShape {
    ConvShape {
        batch,
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

fn workspace(products: Products, shape: &ConvShape) -> usize {
    match products {
        Products::F32(_) => conv::workspace(shape),
        Products::Bf16(bf16) => bf16::workspace(bf16, shape),
    }
}

pub(super) fn forward(
    cx: &Context,
    step: &Step,
    op: &Conv2d,
    x: Value,
    residual: Option<&Buffer>,
) -> Deferred {
    let shape = sizes(cx.batch, step, op);
    let params = cx.parameters(step)?;
    let affine = affine(cx, step, op, params.get(1))?;
    let then = match &affine {
        Some(affine) => Epilogue::Finish(Finish {
            affine,
            residual: residual.map(|r| &r[..]),
            relu: step.then == step::Activation::Relu,
        }),
        None if step.measures => Epilogue::Moments,
        None => Epilogue::Nothing,
    };
    let mut y = cx.arena.take(shape.output_len());
    let products = products::of_convolution(cx, &shape);
    let mut space = cx.arena.take(workspace(products, &shape));
    let sums = with_values(&params[0].var, |weight| match products {
        Products::F32(simd) => {
            let x = input(&x.buffer, x.norm.as_ref());
            conv::forward(simd, &shape, x, weight, (&mut y, then), &mut space)
        }
        Products::Bf16(bf16) => {
            bf16::forward(bf16, &shape, &x.buffer, weight, &mut y, &mut space);
            then.all(cx.simd, op.output, &mut y)
        }
    })?;
    let kept = Kept {
        x: Some(x.buffer),
        affine: x.norm,
        ..Kept::default()
    };
    let value = Value {
        buffer: Arc::new(y),
        norm: None,
        statistics: sums.map(|sums| Arc::new(ChannelMoments::join(&sums, op.output))),
    };
    Ok((value, kept))
}

fn input<'a>(values: &'a [f32], norm: Option<&'a Arc<ScaleShift>>) -> Input<'a> {
    let norm = norm.map(|norm| &**norm);
    Input { values, norm }
}

/// What the bias and the batch norm taken in come to.
fn affine(
    cx: &Context,
    step: &Step,
    op: &Conv2d,
    bias: Option<&Param>,
) -> Result<Option<ScaleShift>> {
    let bias = bias.map(|bias| values(&bias.var)).transpose()?;
    if let Some(Folded { op, name }) = &step.folded {
        return super::batch_norm::running(cx, op, name, bias.as_deref()).map(Some);
    }
    let ones = vec![1.0; op.output];
    let level = |bias: Vec<f32>| {
        let standard = ChannelMoments {
            mean: vec![0.0; op.output],
            variance: vec![1.0; op.output],
        };
        ScaleShift::new(&standard, 0.0, Some((&ones, &bias)))
    };
    Ok(bias.map(level))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &Conv2d,
    (tape, before): (&Kept, Option<GatedSums>),
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let shape = sizes(cx.batch, step, op);
    let params = cx.parameters(step)?;
    let products = products::of_convolution(cx, &shape);
    let mut space = cx.arena.take(workspace(products, &shape));
    let x = input(kept(tape.x.as_ref())?, tape.affine.as_ref());
    let mut weight = vec![0.0; shape.weight_len()];
    match products {
        Products::F32(simd) => {
            conv::backward_weight(simd, &shape, x, gradient, &mut weight, &mut space);
        }
        Products::Bf16(bf16) => {
            bf16::backward_weight(bf16, &shape, x.values, gradient, &mut weight, &mut space);
        }
    }
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
        let then = before.map_or(Epilogue::Nothing, Epilogue::GatedSums);
        let sums = with_values(&params[0].var, |weight| match products {
            Products::F32(simd) => {
                let to = (&mut dx[..], add, then);
                conv::backward_data(simd, &shape, gradient, weight, to, &mut space)
            }
            Products::Bf16(bf16) => {
                let to = (&mut dx[..], add);
                bf16::backward_data(bf16, &shape, gradient, weight, to, &mut space);
                then.all(cx.simd, op.input, &mut dx)
            }
        })?;
        flow.put(input, dx);
        flow.reduced(input, sums.map(|sums| NormSums::join(&sums, op.input)));
    }
    Ok(())
}
