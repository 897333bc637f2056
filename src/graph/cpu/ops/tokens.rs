//! Class token, positions, and pooling of sequences.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::{Positions, TokenEmbed, TokenPool};
use crate::kernels::{elementwise, pool};
use crate::params::Param;

/// What is added to the tokens of every sample: learned tokens in front, positions on the grid in use.
fn rows(op: &TokenEmbed, params: &[Param], rows: &mut [f32]) -> Result<()> {
    let (first, placed) = (op.first() * op.width, op.placed() * op.width);
    let mut front = params;
    if op.positions != Positions::Nowhere {
        front = &params[1..];
        with_values(&params[0].var, |learned| {
            rows[..placed].copy_from_slice(&learned[..placed]);
            let (learned, patches) = (&learned[placed..], &mut rows[first..]);
            match op.resampled {
                None => patches.copy_from_slice(learned),
                Some(resampled) => {
                    let size = (op.seen(), op.tokens);
                    resample(&resampled.matrix(), size, op.width, (learned, patches));
                }
            }
        })?;
    }
    let mut at = 0;
    for token in front {
        at += with_values(&token.var, |token| {
            for (row, token) in rows[at..].iter_mut().zip(token) {
                *row += token;
            }
            token.len()
        })?;
    }
    Ok(())
}

pub(super) fn embed(cx: &Context, step: &Step, op: &TokenEmbed, x: &Buffer) -> Done {
    let sample = (op.first() + op.seen()) * op.width;
    let mut added = vec![0.0; sample];
    rows(op, &cx.parameters(step)?, &mut added)?;
    let mut y = cx.arena.take(cx.batch * sample);
    let first = op.first() * op.width;
    for (y, x) in y
        .chunks_exact_mut(sample)
        .zip(x.chunks_exact(sample - first))
    {
        y[..first].fill(0.0);
        y[first..].copy_from_slice(x);
    }
    elementwise::add_rows(cx.simd, &mut y, &added);
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
    let (first, placed) = (op.first() * op.width, op.placed() * op.width);
    let sample = first + op.seen() * op.width;
    let mut sums = vec![0.0; sample];
    elementwise::row_sums(cx.simd, gradient, &mut sums);
    let mut front = &params[..];
    if op.positions != Positions::Nowhere {
        front = &params[1..];
        let mut learned = sums[..placed].to_vec();
        match op.resampled {
            None => learned.extend(&sums[first..]),
            Some(resampled) => {
                learned.resize(placed + op.tokens * op.width, 0.0);
                let size = (op.tokens, op.seen());
                let matrix = transposed(&resampled.matrix(), size);
                let rows = (&sums[first..], &mut learned[placed..]);
                resample(&matrix, size, op.width, rows);
            }
        }
        flow.parameter(&params[0], learned)?;
    }
    let mut at = 0;
    for token in front {
        let count = token.var.elem_count();
        flow.parameter(token, sums[at..at + count].to_vec())?;
        at += count;
    }
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
        TokenPool::Mean { skip } => {
            pool::average_behind(cx.simd, (tokens, skip), width, x, &mut y);
        }
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
        TokenPool::Mean { skip } => {
            pool::average_behind_backward(cx.simd, (tokens, skip), width, gradient, &mut dx);
        }
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
