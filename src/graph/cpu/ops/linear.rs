//! Linear layer, with the residual sum or the GELU that may follow it.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::{Step, Then};
use crate::graph::cpu::tape::{Context, Done, Kept, kept, refuse_images};
use crate::graph::cpu::tensor::{values, with_values};
use crate::graph::ops::Linear;
use crate::kernels::bf16::{self, Bf16};
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
    refuse_images(step)?;
    let params = cx.parameters(step)?;
    let size = (x.len() / op.input, op.output, op.input);
    let mut y = cx.arena.take(size.0 * size.1);
    let narrow = narrow(cx, op, size.0);
    let need = match &narrow {
        Some((_, shape)) => bf16::workspace(shape),
        None => gemm::workspace(op.output, op.input),
    };
    let mut space = cx.arena.take(need);
    let bias = params.get(1).map(|bias| values(&bias.var)).transpose()?;
    let (bias, residual) = (bias.as_deref(), residual.map(|r| &r[..]));
    let gelu = step.then == Then::Gelu;
    let mut after = gelu.then(|| cx.arena.take(size.0 * size.1));
    with_values(&params[0].var, |weight| match (&narrow, &mut after) {
        (Some((bf16, shape)), after) => {
            bf16::forward(*bf16, shape, &x, weight, &mut y, &mut space);
            finish(cx.simd, (bias, residual), &mut y, after.as_mut());
        }
        (None, Some(after)) => {
            let to = (&mut y[..], &mut after[..]);
            kernel::with_gelu(cx.simd, size, &x, (weight, bias), to, &mut space);
        }
        (None, None) => {
            let right = (weight, Order::Transposed);
            let to = (&mut y[..], Start::Sum { bias, residual });
            gemm::matmul(cx.simd, size, &x, right, to, &mut space);
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

/// The kernels of products in 16 bits, and the convolution that they see.
type Narrow = Option<(Bf16, ConvShape)>;

/// The convolution of single pixels that a layer over `rows` is, when its products are computed in 16 bits.
fn narrow(cx: &Context, op: &Linear, rows: usize) -> Narrow {
    let shape = ConvShape {
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
    };
    let bf16 = cx.bf16.filter(|bf16| bf16.pays(&shape))?;
    Some((bf16, shape))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &Linear,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    if step.then == Then::Gelu {
        activation::gelu_backward(cx.simd, kept(tape.y.as_ref())?, &mut gradient);
    }
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let narrow = narrow(cx, op, x.len() / op.input);
    backward_parameters(cx, op, &narrow, (x, &gradient), &params, flow)?;
    let input = step.inputs[0];
    if flow.wants(input) {
        let old = flow.take(input);
        let add = old.is_some();
        let mut dx = old.unwrap_or_else(|| cx.arena.take(x.len()));
        with_values(&params[0].var, |weight| {
            backward_input(cx, op, &narrow, (&gradient, weight), (&mut dx, add));
        })?;
        flow.put(input, dx);
    }
    if let Some(&residual) = step.inputs.get(1) {
        flow.give(cx.simd, residual, gradient);
    }
    Ok(())
}

fn backward_parameters(
    cx: &Context,
    op: &Linear,
    narrow: &Narrow,
    (x, gradient): (&[f32], &[f32]),
    params: &[Param],
    flow: &mut Flow,
) -> Result<()> {
    let mut weight = vec![0.0; op.output * op.input];
    let mut bias = params.get(1).map(|param| (param, vec![0.0; op.output]));
    let sums = bias.as_mut().map(|(_, sums)| sums.as_mut_slice());
    if let Some((bf16, shape)) = narrow {
        let mut space = cx.arena.take(bf16::workspace(shape));
        bf16::backward_weight(*bf16, shape, x, gradient, &mut weight, &mut space);
        if let Some(sums) = sums {
            elementwise::row_sums(cx.simd, gradient, sums);
        }
    } else {
        let size = (op.output, op.input, x.len() / op.input);
        let mut space = cx.arena.take(gemm::over_rows_workspace(size));
        gemm::over_rows(cx.simd, size, gradient, x, (&mut weight, sums), &mut space);
    }
    flow.parameter(&params[0], weight)?;
    if let Some((param, sums)) = bias {
        flow.parameter(param, sums)?;
    }
    Ok(())
}

/// The gradient of the input, added to what `dx` holds or written to it.
fn backward_input(
    cx: &Context,
    op: &Linear,
    narrow: &Narrow,
    (gradient, weight): (&[f32], &[f32]),
    (dx, add): (&mut [f32], bool),
) {
    if let Some((bf16, shape)) = narrow {
        let mut space = cx.arena.take(bf16::workspace(shape));
        bf16::backward_data(*bf16, shape, gradient, weight, (dx, add), &mut space);
        return;
    }
    let mut space = cx.arena.take(gemm::workspace(op.input, op.output));
    let size = (dx.len() / op.input, op.input, op.output);
    let start = if add { Start::Old } else { Start::Zero };
    let right = (weight, Order::Plain);
    gemm::matmul(cx.simd, size, gradient, right, (dx, start), &mut space);
}
