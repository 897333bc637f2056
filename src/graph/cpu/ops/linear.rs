//! Linear layer, with the residual sum or the GELU that may follow it.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::products::Products;
use crate::graph::cpu::step::{Activation, Step};
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::{values, with_values};
use crate::graph::ops::Linear;
use crate::kernels::bf16;
use crate::kernels::gemm::{self, Order, Start};
use crate::kernels::{ConvShape, Simd, activation, elementwise, linear as kernel};
use crate::params::Param;

pub(super) fn forward(
    cx: &Context,
    step: &Step,
    op: &Linear,
    x: Arc<Buffer>,
    residual: Option<&Buffer>,
) -> Done {
    let params = cx.parameters(step)?;
    let size = (x.len() / op.input, op.output, op.input);
    let mut y = cx.arena.take(size.0 * size.1);
    let shape = as_convolution(op, size.0);
    let products = Products::of(cx, &shape);
    let mut space = cx.arena.take(match products {
        Products::F32(_) => gemm::workspace(op.output, op.input),
        Products::Bf16(_) => bf16::workspace(&shape),
    });
    let bias = params.get(1).map(|bias| values(&bias.var)).transpose()?;
    let (bias, residual) = (bias.as_deref(), residual.map(|r| &r[..]));
    let gelu = step.then == Activation::Gelu;
    let mut after = gelu.then(|| cx.arena.take(size.0 * size.1));
    with_values(&params[0].var, |weight| match (products, &mut after) {
        (Products::F32(simd), None) => {
            let right = (weight, Order::Transposed);
            let to = (&mut y[..], Start::Sum { bias, residual });
            gemm::matmul(simd, size, &x, right, to, &mut space);
        }
        (Products::F32(simd), Some(after)) => {
            let to = (&mut y[..], &mut after[..]);
            kernel::with_gelu(simd, size, &x, (weight, bias), to, &mut space);
        }
        (Products::Bf16(bf16), after) => {
            bf16::forward(bf16, &shape, &x, weight, &mut y, &mut space);
            finish(cx.simd, (bias, residual), &mut y, after.as_mut());
        }
    })?;
    let y = Arc::new(y);
    let kept = Kept {
        x: Some(x),
        y: gelu.then(|| Arc::clone(&y)),
        ..Kept::default()
    };
    Ok((after.map_or(y, Arc::new), kept))
}

/// What comes after products in 16 bits: bias, residual, and the GELU of it all in `after`.
fn finish(
    simd: Simd,
    (bias, residual): (Option<&[f32]>, Option<&[f32]>),
    y: &mut [f32],
    after: Option<&mut Buffer>,
) {
    if let Some(bias) = bias {
        elementwise::add_rows(simd, y, bias);
    }
    if let Some(residual) = residual {
        elementwise::add(simd, y, residual);
    }
    if let Some(after) = after {
        activation::gelu(simd, y, after);
    }
}

/// The convolution of single pixels that a layer over `rows` is to the kernels in 16 bits.
fn as_convolution(op: &Linear, rows: usize) -> ConvShape {
    ConvShape {
        batch: rows,
        height: 1,
        width: 1,
        input: op.input,
        output: op.output,
        kernel: 1,
        stride: 1,
        padding: 0,
        dilation: 1,
        groups: 1,
    }
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &Linear,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    if step.then == Activation::Gelu {
        activation::gelu_backward(cx.simd, kept(tape.y.as_ref())?, &mut gradient);
    }
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let shape = as_convolution(op, x.len() / op.input);
    backward_parameters(cx, &shape, (x, &gradient), &params, flow)?;
    let input = step.inputs[0];
    if flow.wants(input) {
        let old = flow.take(input);
        let add = old.is_some();
        let mut dx = old.unwrap_or_else(|| cx.arena.take(x.len()));
        with_values(&params[0].var, |weight| {
            backward_input(cx, &shape, (&gradient, weight), (&mut dx, add));
        })?;
        flow.put(input, dx);
    }
    if let Some(&residual) = step.inputs.get(1) {
        flow.give(cx.simd, residual, gradient);
    }
    Ok(())
}

/// The gradients of weight and bias.
fn backward_parameters(
    cx: &Context,
    shape: &ConvShape,
    (x, gradient): (&[f32], &[f32]),
    params: &[Param],
    flow: &mut Flow,
) -> Result<()> {
    if !params.iter().any(Param::trainable) {
        return Ok(());
    }
    let size = (shape.output, shape.input, shape.batch);
    let mut weight = vec![0.0; shape.output * shape.input];
    let mut bias = params.get(1).map(|param| (param, vec![0.0; shape.output]));
    let sums = bias.as_mut().map(|(_, sums)| sums.as_mut_slice());
    match Products::of(cx, shape) {
        Products::F32(simd) => {
            let mut space = cx.arena.take(gemm::over_rows_workspace(size));
            gemm::over_rows(simd, size, gradient, x, (&mut weight, sums), &mut space);
        }
        Products::Bf16(bf16) => {
            let mut space = cx.arena.take(bf16::workspace(shape));
            bf16::backward_weight(bf16, shape, x, gradient, &mut weight, &mut space);
            if let Some(sums) = sums {
                elementwise::row_sums(cx.simd, gradient, sums);
            }
        }
    }
    flow.parameter(&params[0], weight)?;
    if let Some((param, sums)) = bias {
        flow.parameter(param, sums)?;
    }
    Ok(())
}

/// The gradient of the input, written to `dx` or added to what it holds.
fn backward_input(
    cx: &Context,
    shape: &ConvShape,
    (gradient, weight): (&[f32], &[f32]),
    (dx, add): (&mut [f32], bool),
) {
    match Products::of(cx, shape) {
        Products::F32(simd) => {
            let size = (shape.batch, shape.input, shape.output);
            let start = if add { Start::Old } else { Start::Zero };
            let right = (weight, Order::Plain);
            let mut space = cx.arena.take(gemm::workspace(shape.input, shape.output));
            gemm::matmul(simd, size, gradient, right, (dx, start), &mut space);
        }
        Products::Bf16(bf16) => {
            let mut space = cx.arena.take(bf16::workspace(shape));
            bf16::backward_data(bf16, shape, gradient, weight, (dx, add), &mut space);
        }
    }
}
