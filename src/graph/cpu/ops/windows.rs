//! Attention within windows, and the merging of patches.

use std::sync::Arc;

use crate::error::Result;
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::Step;
use crate::graph::cpu::tape::{Context, Done, Kept, kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::WindowAttention;
use crate::kernels::attention::{AttentionShape, Bias, backward_biased, forward_biased};
use crate::kernels::windows::{self, Windows};

fn windows(step: &Step, op: WindowAttention) -> Windows {
    Windows {
        height: step.to[1],
        width: step.to[2],
        side: op.window,
        shift: op.shift,
    }
}

fn sizes(cx: &Context, step: &Step, op: WindowAttention) -> AttentionShape {
    let area = op.window * op.window;
    AttentionShape {
        batch: cx.batch * step.to[1] * step.to[2] / area,
        tokens: area,
        heads: op.heads,
        size: step.to[0] / op.heads,
    }
}

/// The bias of every kind of window, head and pair, and the number of kinds.
fn bias(step: &Step, op: WindowAttention, table: &[f32]) -> (Vec<f32>, usize) {
    let pairs = op.pairs();
    let each: Vec<f32> = (0..op.heads)
        .flat_map(|head| {
            let of = move |pair: &u32| table[*pair as usize * op.heads + head];
            pairs.iter().map(of).collect::<Vec<f32>>()
        })
        .collect();
    if op.shift == 0 {
        return (each, 1);
    }
    let mask = op.mask(step.to[1], step.to[2]);
    let kinds = mask.chunks_exact(pairs.len());
    let count = kinds.len();
    let masked = kinds.flat_map(|mask| {
        let heads = each.chunks_exact(pairs.len());
        heads.flat_map(move |head| head.iter().zip(mask).map(|(bias, mask)| bias + mask))
    });
    (masked.collect(), count)
}

pub(super) fn attend(cx: &Context, step: &Step, op: WindowAttention, x: &Buffer) -> Done {
    let params = cx.parameters(step)?;
    let (values, kinds) = with_values(&params[0].var, |table| bias(step, op, table))?;
    let (windows, width) = (windows(step, op), step.to[0]);
    let mut qkv = cx.arena.take(x.len());
    windows.split(3 * width, x, &mut qkv);
    let mut out = cx.arena.take(x.len() / 3);
    let bias = Bias {
        values: &values,
        kinds,
    };
    forward_biased(cx.simd, &sizes(cx, step, op), &qkv, bias, &mut out);
    let mut y = cx.arena.take(out.len());
    windows.join(width, &out, &mut y);
    Ok((Arc::new(y), Kept::input(Arc::new(qkv))))
}

pub(super) fn attend_backward(
    cx: &Context,
    step: &Step,
    op: WindowAttention,
    tape: &Kept,
    gradient: &Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let qkv = kept(tape.x.as_ref())?;
    let (values, kinds) = with_values(&params[0].var, |table| bias(step, op, table))?;
    let (windows, width) = (windows(step, op), step.to[0]);
    let mut upstream = cx.arena.take(gradient.len());
    windows.split(width, gradient, &mut upstream);
    let mut dqkv = cx.arena.take(qkv.len());
    let bias = Bias {
        values: &values,
        kinds,
    };
    let shape = sizes(cx, step, op);
    let of_bias = backward_biased(cx.simd, &shape, qkv, bias, &upstream, &mut dqkv);
    let mut of_table = vec![0.0; params[0].var.elem_count()];
    let pairs = op.pairs();
    for (head, of_bias) in of_bias.chunks_exact(pairs.len()).enumerate() {
        for (pair, gradient) in pairs.iter().zip(of_bias) {
            of_table[*pair as usize * op.heads + head] += gradient;
        }
    }
    flow.parameter(&params[0], of_table)?;
    let mut dx = cx.arena.take(qkv.len());
    windows.join(3 * width, &dqkv, &mut dx);
    flow.give(cx.simd, step.inputs[0], dx);
    Ok(())
}

/// Numbers of an image, its columns and channels.
fn image(step: &Step) -> (usize, usize, usize) {
    (step.from.iter().product(), step.from[2], step.from[0])
}

pub(super) fn merge(cx: &Context, step: &Step, x: &Buffer) -> (Arc<Buffer>, Kept) {
    let (image, width, channels) = image(step);
    let mut y = cx.arena.take(x.len());
    windows::merge(image, width, channels, x, &mut y);
    (Arc::new(y), Kept::default())
}

pub(super) fn merge_backward(cx: &Context, step: &Step, gradient: &Buffer, flow: &mut Flow) {
    let (image, width, channels) = image(step);
    let mut dx = cx.arena.take(gradient.len());
    windows::unmerge(image, width, channels, gradient, &mut dx);
    flow.give(cx.simd, step.inputs[0], dx);
}
