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
use crate::kernels::gemm::{self, Order, Start};
use crate::kernels::{activation, linear as kernel};

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
    let mut space = cx.arena.take(gemm::workspace(op.output, op.input));
    let bias = match params.get(1) {
        Some(bias) => Some(with_values(&bias.var, <[f32]>::to_vec)?),
        None => None,
    };
    let bias = bias.as_deref();
    let gelu = step.then == Then::Gelu;
    let mut after = gelu.then(|| cx.arena.take(size.0 * size.1));
    with_values(&params[0].var, |weight| {
        if let Some(after) = &mut after {
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
    let mut space = cx.arena.take(gemm::over_rows_workspace(size));
    let sums = bias.as_mut().map(|(_, sums)| sums.as_mut_slice());
    gemm::over_rows(cx.simd, size, &gradient, x, (&mut weight, sums), &mut space);
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
        let mut space = cx.arena.take(gemm::workspace(op.input, op.output));
        with_values(&params[0].var, |weight| {
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
