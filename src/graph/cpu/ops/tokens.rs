//! Class token, positions, and pooling of sequences.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::TokenEmbed;
use crate::graph::ops::TokenPool;
use crate::kernels::{elementwise, pool};

pub(super) fn embed(cx: &Context, step: &Step, op: &TokenEmbed, x: &Buffer) -> Done {
    let params = cx.parameters(step)?;
    let sample = op.positions() * op.width;
    let mut y = cx.arena.take(cx.batch * sample);
    let first = usize::from(op.class_token) * op.width;
    for (y, x) in y
        .chunks_exact_mut(sample)
        .zip(x.chunks_exact(sample - first))
    {
        y[first..].copy_from_slice(x);
    }
    if let Some(class) = params.get(1) {
        with_values(&class.var, |class| {
            for y in y.chunks_exact_mut(sample) {
                y[..first].copy_from_slice(class);
            }
        })?;
    }
    with_values(&params[0].var, |learned| match op.resampled {
        None => elementwise::add_rows(cx.simd, &mut y, learned),
        Some(resampled) => {
            let mut positions = vec![0.0; sample];
            positions[..first].copy_from_slice(&learned[..first]);
            let rows = (&learned[first..], &mut positions[first..]);
            resample(&resampled.matrix(), (op.seen(), op.tokens), op.width, rows);
            elementwise::add_rows(cx.simd, &mut y, &positions);
        }
    })?;
    Ok((Arc::new(y), Kept::default()))
}

pub(super) fn embed_backward(
    cx: &Context,
    step: &Step,
    op: &TokenEmbed,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let sample = op.positions() * op.width;
    let first = usize::from(op.class_token) * op.width;
    let mut positions = vec![0.0; sample];
    elementwise::row_sums(cx.simd, gradient, &mut positions);
    if let Some(class) = params.get(1) {
        flow.parameter(class, positions[..first].to_vec())?;
    }
    if let Some(resampled) = op.resampled {
        let mut learned = vec![0.0; first + op.tokens * op.width];
        learned[..first].copy_from_slice(&positions[..first]);
        let size = (op.tokens, op.seen());
        let matrix = transposed(&resampled.matrix(), size);
        let rows = (&positions[first..], &mut learned[first..]);
        resample(&matrix, size, op.width, rows);
        positions = learned;
    }
    flow.parameter(&params[0], positions)?;
    if flow.wants(step.inputs[0]) {
        let mut dx = cx.arena.take(cx.batch * (sample - first));
        for (dx, g) in dx
            .chunks_exact_mut(sample - first)
            .zip(gradient.chunks_exact(sample))
        {
            dx.copy_from_slice(&g[first..]);
        }
        flow.give(cx.simd, step.inputs[0], dx);
    }
    Ok(())
}

/// `to = matrix · from` for a matrix (targets, sources) with many zeros and rows of `width` floats.
fn resample(
    matrix: &[f32],
    (targets, sources): (usize, usize),
    width: usize,
    (from, to): (&[f32], &mut [f32]),
) {
    let rows = to
        .chunks_exact_mut(width)
        .zip(matrix.chunks_exact(sources))
        .take(targets);
    for (to, weights) in rows {
        for (from, &weight) in from.chunks_exact(width).zip(weights) {
            if weight != 0.0 {
                for (to, from) in to.iter_mut().zip(from) {
                    *to += weight * from;
                }
            }
        }
    }
}

/// The transpose (columns, rows) of a matrix (rows, columns) given `(columns, rows)`.
fn transposed(matrix: &[f32], (columns, rows): (usize, usize)) -> Vec<f32> {
    let entry = |at: usize| matrix[(at % rows) * columns + at / rows];
    (0..rows * columns).map(entry).collect()
}

pub(super) fn pool(cx: &Context, step: &Step, op: TokenPool, x: &Buffer) -> (Arc<Buffer>, Kept) {
    let (tokens, width) = (step.from[0], step.from[1]);
    let mut y = cx.arena.take(cx.batch * width);
    match op {
        TokenPool::Mean => pool::average(cx.simd, tokens, width, x, &mut y),
        TokenPool::Class => {
            for (y, x) in y
                .chunks_exact_mut(width)
                .zip(x.chunks_exact(tokens * width))
            {
                y.copy_from_slice(&x[..width]);
            }
        }
    }
    (Arc::new(y), Kept::default())
}

pub(super) fn pool_backward(
    cx: &Context,
    step: &Step,
    op: TokenPool,
    gradient: &Buffer,
    flow: &mut Flow,
) {
    let (tokens, width) = (step.from[0], step.from[1]);
    let mut dx = cx.arena.take(gradient.len() * tokens);
    match op {
        TokenPool::Mean => pool::average_backward(cx.simd, tokens, width, gradient, &mut dx),
        TokenPool::Class => {
            dx.fill(0.0);
            for (dx, g) in dx
                .chunks_exact_mut(tokens * width)
                .zip(gradient.chunks_exact(width))
            {
                dx[..width].copy_from_slice(g);
            }
        }
    }
    flow.give(cx.simd, step.inputs[0], dx);
}
