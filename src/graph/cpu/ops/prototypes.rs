//! Cosines with learned directions.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept, kept, refuse_images};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::Prototypes;
use crate::kernels::gemm::{self, Order, Start};
use crate::kernels::normalize;

/// Rows at length 1, and what they were divided by.
fn normalized(cx: &Context, dim: usize, x: &[f32]) -> (Buffer, Buffer) {
    let (mut y, mut norms) = (cx.arena.take(x.len()), cx.arena.take(x.len() / dim));
    normalize::forward(cx.simd, dim, x, &mut y, &mut norms);
    (y, norms)
}

pub(super) fn forward(cx: &Context, step: &Step, op: &Prototypes, x: Arc<Buffer>) -> Done {
    refuse_images(step)?;
    let params = cx.parameters(step)?;
    let size = (x.len() / op.input, op.output, op.input);
    let (rows, _) = normalized(cx, op.input, &x);
    let mut y = cx.arena.take(size.0 * size.1);
    let mut space = cx.arena.take(gemm::workspace(op.output, op.input));
    with_values(&params[0].var, |weight| {
        let (directions, _) = normalized(cx, op.input, weight);
        let right = (&directions[..], Order::Transposed);
        let to = (&mut y[..], Start::Zero);
        gemm::matmul(cx.simd, size, &rows, right, to, &mut space);
    })?;
    let kept = Kept::input(x);
    Ok((Arc::new(y), kept))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    op: &Prototypes,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let count = x.len() / op.input;
    let (rows, lengths) = normalized(cx, op.input, x);
    let (directions, norms) =
        with_values(&params[0].var, |weight| normalized(cx, op.input, weight))?;
    for g in gradient.iter_mut() {
        *g = -*g; // what the kernel of normalised rows takes
    }
    let size = (op.output, op.input, count);
    let mut of_weight = vec![0.0; op.output * op.input];
    let mut space = cx.arena.take(gemm::over_rows_workspace(size));
    let to = (&mut of_weight[..], None);
    gemm::over_rows(cx.simd, size, &gradient, &rows, to, &mut space);
    normalize::backward_of_negated(cx.simd, op.input, &directions, &norms, &mut of_weight);
    flow.parameter(&params[0], of_weight)?;
    if flow.wants(step.inputs[0]) {
        let mut dx = cx.arena.take(x.len());
        let mut space = cx.arena.take(gemm::workspace(op.input, op.output));
        let size = (count, op.input, op.output);
        let right = (&directions[..], Order::Plain);
        let to = (&mut dx[..], Start::Zero);
        gemm::matmul(cx.simd, size, &gradient, right, to, &mut space);
        normalize::backward_of_negated(cx.simd, op.input, &rows, &lengths, &mut dx);
        flow.give(cx.simd, step.inputs[0], dx);
    }
    Ok(())
}
