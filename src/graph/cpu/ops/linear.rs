//! Linear layer.

use std::sync::Arc;

use super::{Done, refuse_images};
use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::backward::Flow;
use crate::graph::cpu::forward::{Context, Kept, kept};
use crate::graph::cpu::plan::Step;
use crate::graph::cpu::tensor::with_values;
use crate::graph::linear::Linear;
use crate::kernels::elementwise;
use crate::kernels::gemm::{self, Order};

pub(super) fn forward(cx: &Context, step: &Step, op: &Linear, x: Arc<Buffer>) -> Done {
    refuse_images(step)?;
    let params = cx.parameters(step)?;
    let rows = x.len() / op.input;
    let mut y = cx.arena.take(rows * op.output);
    let mut space = cx.arena.take(gemm::workspace(op.output, op.input));
    with_values(&params[0].var, |weight| {
        let size = (rows, op.output, op.input);
        let (a, b) = ((&x[..], Order::Plain), (weight, Order::Transposed));
        gemm::matmul(cx.simd, size, a, b, (&mut y, false), &mut space);
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
    op: &Linear,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let rows = x.len() / op.input;
    let mut weight = vec![0.0; op.output * op.input];
    let mut space = cx.arena.take(gemm::workspace(op.input, rows));
    let size = (op.output, op.input, rows);
    let (a, b) = ((&gradient[..], Order::Transposed), (x, Order::Plain));
    gemm::matmul(cx.simd, size, a, b, (&mut weight, false), &mut space);
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
        let mut dx = old.unwrap_or_else(|| cx.arena.take(x.len()));
        let mut space = cx.arena.take(gemm::workspace(op.input, op.output));
        with_values(&params[0].var, |weight| {
            let size = (rows, op.input, op.output);
            let (a, b) = ((&gradient[..], Order::Plain), (weight, Order::Plain));
            gemm::matmul(cx.simd, size, a, b, (&mut dx, add), &mut space);
        })?;
        flow.put(input, dx);
    }
    Ok(())
}
