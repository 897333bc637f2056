//! Linear layer, with the residual sum or the GELU that may follow it.

use std::sync::Arc;

use super::{Done, refuse_images};
use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::backward::Flow;
use crate::graph::cpu::forward::{Context, Kept, kept};
use crate::graph::cpu::plan::{Step, Then};
use crate::graph::cpu::tensor::with_values;
use crate::graph::linear::Linear;
use crate::kernels::bf16::{self, Bf16};
use crate::kernels::gemm::{self, Order, Start};
use crate::kernels::{ConvShape, activation, elementwise, linear as kernel};

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
    let bias = match params.get(1) {
        Some(bias) => Some(with_values(&bias.var, <[f32]>::to_vec)?),
        None => None,
    };
    let bias = bias.as_deref();
    let gelu = step.then == Then::Gelu;
    let mut after = gelu.then(|| cx.arena.take(size.0 * size.1));
    with_values(&params[0].var, |weight| {
        if let Some((bf16, shape)) = &narrow {
            bf16::forward(*bf16, shape, &x, weight, &mut y, &mut space);
            if let Some(bias) = bias {
                elementwise::add_rows(cx.simd, &mut y, bias);
            }
            if let Some(residual) = residual {
                elementwise::add(cx.simd, &mut y, residual);
            }
            if let Some(after) = &mut after {
                activation::gelu(cx.simd, &y, after);
            }
        } else if let Some(after) = &mut after {
            let to = (&mut y[..], &mut after[..]);
            kernel::with_gelu(cx.simd, size, &x, (weight, bias), to, &mut space);
        } else {
            let residual = residual.map(|r| &r[..]);
            let to = (&mut y[..], Start::Sum { bias, residual });
            gemm::matmul(
                cx.simd,
                size,
                &x,
                (weight, Order::Transposed),
                to,
                &mut space,
            );
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

/// The convolution of single pixels that a layer over `rows` is, when its products are computed in 16 bits.
fn narrow(cx: &Context, op: &Linear, rows: usize) -> Option<(Bf16, ConvShape)> {
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
    let rows = x.len() / op.input;
    let size = (op.output, op.input, rows);
    let mut weight = vec![0.0; op.output * op.input];
    let mut bias = params.get(1).map(|param| (param, vec![0.0; op.output]));
    let narrow = narrow(cx, op, rows);
    let sums = bias.as_mut().map(|(_, sums)| sums.as_mut_slice());
    if let Some((bf16, shape)) = &narrow {
        let mut space = cx.arena.take(bf16::workspace(shape));
        bf16::backward_weight(*bf16, shape, x, &gradient, &mut weight, &mut space);
        if let Some(sums) = sums {
            elementwise::row_sums(cx.simd, &gradient, sums);
        }
    } else {
        let mut space = cx.arena.take(gemm::over_rows_workspace(size));
        gemm::over_rows(cx.simd, size, &gradient, x, (&mut weight, sums), &mut space);
    }
    flow.parameter(&params[0], weight)?;
    if let Some((param, sums)) = bias {
        flow.parameter(param, sums)?;
    }
    let input = step.inputs[0];
    if flow.wants(input) {
        let old = flow.take(input);
        let start = if old.is_some() {
            Start::Old
        } else {
            Start::Zero
        };
        let mut dx = old.unwrap_or_else(|| cx.arena.take(x.len()));
        let need = match &narrow {
            Some((_, shape)) => bf16::workspace(shape),
            None => gemm::workspace(op.input, op.output),
        };
        let mut space = cx.arena.take(need);
        with_values(&params[0].var, |weight| {
            if let Some((bf16, shape)) = &narrow {
                let to = (&mut dx[..], matches!(start, Start::Old));
                bf16::backward_data(*bf16, shape, &gradient, weight, to, &mut space);
                return;
            }
            let size = (rows, op.input, op.output);
            let to = (&mut dx[..], start);
            gemm::matmul(
                cx.simd,
                size,
                &gradient,
                (weight, Order::Plain),
                to,
                &mut space,
            );
        })?;
        flow.put(input, dx);
    }
    if let Some(&residual) = step.inputs.get(1) {
        flow.give(cx.simd, residual, gradient);
    }
    Ok(())
}
