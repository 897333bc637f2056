//! Linear layer, with the residual sum or the GELU that may follow it.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::products;
use crate::graph::cpu::step::{Activation, Step};
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::{values, with_values};
use crate::graph::mode::Mode;
use crate::graph::ops::Linear;
use crate::kernels::gemm::{Order, Start};
use crate::kernels::{Then, activation};
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
    let products = products::of_matrices(cx, size.0, (op.input, op.output));
    let mut space = cx
        .arena
        .take(products.matmul_workspace(op.output, op.input));
    let bias = params.get(1).map(|bias| values(&bias.var)).transpose()?;
    let (bias, residual) = (bias.as_deref(), residual.map(|r| &r[..]));
    let gelu = step.then == Activation::Gelu;
    let trained = cx.mode != Mode::Eval;
    let mut after = (gelu && trained).then(|| cx.arena.take(size.0 * size.1));
    let then = match &mut after {
        Some(after) => Then::GeluBeside(after),
        None if gelu => Then::Gelu,
        None => Then::Nothing,
    };
    with_values(&params[0].var, |weight| {
        let to = (&mut y[..], Start::Sum { bias, residual });
        let weight = (weight, Order::Transposed);
        products.matmul_then(size, &x, weight, to, &mut space, then);
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
    (tape, before): (&Kept, Option<&Kept>),
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    if step.then == Activation::Gelu && !flow.is_activated(step.output) {
        activation::gelu_backward(cx.simd, kept(tape.y.as_ref())?, &mut gradient);
    }
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    backward_parameters(cx, op, (x, &gradient), &params, flow)?;
    let input = step.inputs[0];
    if flow.wants(input) {
        let old = flow.take(input);
        let add = old.is_some();
        let mut dx = old.unwrap_or_else(|| cx.arena.take(x.len()));
        let then = match before {
            Some(before) => Then::GeluBackward(kept(before.y.as_ref())?),
            None => Then::Nothing,
        };
        with_values(&params[0].var, |weight| {
            backward_input(cx, op, (&gradient, weight), (&mut dx, add), then);
        })?;
        if before.is_some() {
            flow.activated(input);
        }
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
    op: &Linear,
    (x, gradient): (&[f32], &[f32]),
    params: &[Param],
    flow: &mut Flow,
) -> Result<()> {
    if !params.iter().any(Param::trainable) {
        return Ok(());
    }
    let size = (op.output, op.input, x.len() / op.input);
    let mut weight = vec![0.0; op.output * op.input];
    let mut bias = params.get(1).map(|param| (param, vec![0.0; op.output]));
    let sums = bias.as_mut().map(|(_, sums)| sums.as_mut_slice());
    let products = products::of_weights(cx, (op.input, op.output));
    let mut space = cx.arena.take(products.over_rows_workspace(size));
    products.over_rows(size, gradient, x, (&mut weight, sums), &mut space);
    flow.parameter(&params[0], weight)?;
    if let Some((param, sums)) = bias {
        flow.parameter(param, sums)?;
    }
    Ok(())
}

/// The gradient of the input, written to `dx` or added to what it holds.
fn backward_input(
    cx: &Context,
    op: &Linear,
    (gradient, weight): (&[f32], &[f32]),
    (dx, add): (&mut [f32], bool),
    then: Then,
) {
    let size = (dx.len() / op.input, op.input, op.output);
    let products = products::of_matrices(cx, size.0, (op.input, op.output));
    let mut space = cx
        .arena
        .take(products.matmul_workspace(op.input, op.output));
    let start = if add { Start::Old } else { Start::Zero };
    let weight = (weight, Order::Plain);
    products.matmul_then(size, gradient, weight, (dx, start), &mut space, then);
}
