//! What queries and keys go through before an attention: norms and rotary positions.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::{HeadNorm, Rotary};
use crate::kernels::rotary::{self, Turned};
use crate::kernels::{Simd, layer_norm};

/// The `width` numbers at `start` of every row of three times as many.
fn gather(cx: &Context, rows: &[f32], start: usize, width: usize) -> Buffer {
    let mut part = cx.arena.take(rows.len() / 3);
    for (to, from) in part
        .chunks_exact_mut(width)
        .zip(rows.chunks_exact(3 * width))
    {
        to.copy_from_slice(&from[start..][..width]);
    }
    part
}

/// The inverse of [`gather`].
fn scatter(rows: &mut [f32], start: usize, width: usize, part: &[f32]) {
    for (to, from) in rows
        .chunks_exact_mut(3 * width)
        .zip(part.chunks_exact(width))
    {
        to[start..][..width].copy_from_slice(from);
    }
}

pub(super) fn norm(cx: &Context, step: &Step, op: &HeadNorm, x: Arc<Buffer>) -> Done {
    let params = cx.parameters(step)?;
    let width = op.heads * op.size;
    let mut y = cx.arena.take(x.len());
    y.copy_from_slice(&x);
    for (i, params) in params.chunks_exact(2).enumerate() {
        let part = gather(cx, &x, i * width, width);
        let mut normed = cx.arena.take(part.len());
        with_values(&params[0].var, |weight| {
            with_values(&params[1].var, |bias| {
                layer_norm::forward(cx.simd, &part, weight, bias, op.eps as f32, &mut normed);
            })
        })??;
        scatter(&mut y, i * width, width, &normed);
    }
    Ok((Arc::new(y), Kept::input(x)))
}

pub(super) fn norm_backward(
    cx: &Context,
    step: &Step,
    op: &HeadNorm,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let x = kept(tape.x.as_ref())?;
    let width = op.heads * op.size;
    for (i, params) in params.chunks_exact(2).enumerate() {
        let part = gather(cx, x, i * width, width);
        let mut upstream = gather(cx, &gradient, i * width, width);
        let eps = op.eps as f32;
        let (weight, bias) = with_values(&params[0].var, |weight| {
            layer_norm::backward(cx.simd, &part, weight, eps, &mut upstream, None)
        })?;
        flow.parameter(&params[0], weight)?;
        flow.parameter(&params[1], bias)?;
        scatter(&mut gradient, i * width, width, &upstream);
    }
    flow.give(cx.simd, step.inputs[0], gradient);
    Ok(())
}

/// Turn queries and keys, forwards or, for gradients, back.
fn turn(simd: Simd, step: &Step, op: &Rotary, x: &mut [f32], back: bool) {
    let width = step.to[1];
    let turned = Turned {
        width,
        turned: width / 3 * 2,
        size: width / 3 / op.heads,
        prefix: op.prefix,
    };
    let [cos, mut sin] = op.tables(turned.size);
    if back {
        for sin in &mut sin {
            *sin = -*sin;
        }
    }
    rotary::turn(simd, &turned, x, &cos, &sin);
}

pub(super) fn rotate(cx: &Context, step: &Step, op: &Rotary, x: &Buffer) -> (Arc<Buffer>, Kept) {
    let mut y = cx.arena.take(x.len());
    y.copy_from_slice(x);
    turn(cx.simd, step, op, &mut y, false);
    (Arc::new(y), Kept::default())
}

pub(super) fn rotate_backward(
    cx: &Context,
    step: &Step,
    op: &Rotary,
    mut gradient: Buffer,
    flow: &mut Flow,
) {
    turn(cx.simd, step, op, &mut gradient, true);
    flow.give(cx.simd, step.inputs[0], gradient);
}
