//! Batch norm, with the residual sum and the ReLU that may follow it.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::error::{Error, Result};
use crate::graph::cpu::arena::Buffer;
use crate::graph::cpu::flow::Flow;
use crate::graph::cpu::step::{Activation, Step};
use crate::graph::cpu::tape::{Context, Deferred, Kept, Value, kept};
use crate::graph::cpu::tensor::with_values;
use crate::graph::ops::BatchNorm;
use crate::kernels::batch_norm::{self as kernel, ChannelMoments, Gate, GatedSums, ScaleShift};
use crate::params::{Param, Role};

pub(super) fn forward(
    cx: &Context,
    step: &Step,
    op: &BatchNorm,
    x: Value,
    residual: Option<Arc<Buffer>>,
) -> Deferred {
    if step.from.len() == 2 {
        return Err(Error::Failed(format!(
            "node `{}`: the cpu executor runs batch_norm on vectors and images, not on sequences; \
             choose `--executor candle`",
            step.name
        )));
    }
    let params = cx.parameters(step)?;
    let (trained, buffers): (Vec<&Param>, Vec<&Param>) =
        params.iter().partition(|param| param.role != Role::Buffer);
    let (x, measured) = (x.buffer, x.statistics);
    let statistics = match measured {
        _ if !cx.mode.batch_statistics() => Arc::new(moved(&buffers)?),
        Some(statistics) => statistics,
        None => Arc::new(ChannelMoments::of(cx.simd, &x, op.channels)),
    };
    if cx.mode.moves_statistics() && !buffers[0].frozen {
        let count = (x.len() / op.channels) as f64;
        let unbiased = count / (count - 1.0).max(1.0);
        move_towards(buffers[0], &statistics.mean, 1.0, op.momentum)?;
        move_towards(buffers[1], &statistics.variance, unbiased, op.momentum)?;
    }
    let affine = Arc::new(affine(op, &statistics, &trained)?);
    let mut kept = Kept {
        x: Some(Arc::clone(&x)),
        y: None,
        affine: Some(Arc::clone(&affine)),
    };
    if step.deferred {
        let value = Value {
            norm: Some(affine),
            ..x.into()
        };
        return Ok((value, kept));
    }
    let mut y = cx.arena.take(x.len());
    let more = residual.as_ref().map(|r| &r[..]);
    kernel::apply(
        cx.simd,
        &x,
        &affine,
        more,
        step.then == Activation::Relu,
        &mut y,
    );
    let y = Arc::new(y);
    kept.y = residual.map(|_| Arc::clone(&y));
    Ok((y.into(), kept))
}

pub(super) fn backward(
    cx: &Context,
    step: &Step,
    tape: &Kept,
    mut gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    let params = cx.parameters(step)?;
    let reduce = reduce(step, tape)?;
    let sums = match flow.take_reduced(step.output) {
        Some(sums) => sums,
        None => reduce.all(cx.simd, &mut gradient),
    };
    let GatedSums { x, affine, .. } = reduce;
    let gradients = if let Some(&residual) = step.inputs.get(1) {
        let mut dx = cx.arena.take(x.len());
        let result = kernel::backward(cx.simd, x, affine, &sums, &mut gradient, Some(&mut dx));
        flow.give(cx.simd, step.inputs[0], dx);
        flow.give(cx.simd, residual, gradient);
        result
    } else {
        let result = kernel::backward(cx.simd, x, affine, &sums, &mut gradient, None);
        flow.give(cx.simd, step.inputs[0], gradient);
        result
    };
    let mut trained = params.iter().filter(|param| param.role != Role::Buffer);
    if let (Some(weight), Some(bias)) = (trained.next(), trained.next()) {
        flow.parameter(weight, gradients.weight)?;
        flow.parameter(bias, gradients.bias)?;
    }
    Ok(())
}

/// What the gradient of this step's output goes through first.
pub(super) fn reduce<'a>(step: &Step, tape: &'a Kept) -> Result<GatedSums<'a>> {
    let affine = tape
        .affine
        .as_ref()
        .ok_or_else(|| Error::Failed("a tape lacks batch statistics".into()))?;
    let gate = match (step.then == Activation::Relu, step.inputs.len()) {
        (false, _) => Gate::Open,
        (true, 1) => Gate::Input,
        (true, _) => Gate::Output(kept(tape.y.as_ref())?),
    };
    Ok(GatedSums {
        x: kept(tape.x.as_ref())?,
        affine,
        gate,
    })
}

fn affine(op: &BatchNorm, statistics: &ChannelMoments, trained: &[&Param]) -> Result<ScaleShift> {
    match trained {
        [weight, bias] => with_values(&weight.var, |weight| {
            with_values(&bias.var, |bias| {
                ScaleShift::new(statistics, op.eps, Some((weight, bias)))
            })
        })?,
        _ => Ok(ScaleShift::new(statistics, op.eps, None)),
    }
}

/// The batch norm `name` with running statistics, behind a convolution with this bias.
pub(super) fn running(
    cx: &Context,
    op: &BatchNorm,
    name: &str,
    bias: Option<&[f32]>,
) -> Result<ScaleShift> {
    let params = cx.create(op, name)?;
    let (trained, buffers): (Vec<&Param>, Vec<&Param>) =
        params.iter().partition(|param| param.role != Role::Buffer);
    let mut statistics = moved(&buffers)?;
    for (mean, bias) in statistics.mean.iter_mut().zip(bias.into_iter().flatten()) {
        *mean -= f64::from(*bias);
    }
    affine(op, &statistics, &trained)
}

/// The running statistics.
fn moved(buffers: &[&Param]) -> Result<ChannelMoments> {
    Ok(ChannelMoments {
        mean: doubles(buffers[0])?,
        variance: doubles(buffers[1])?,
    })
}

fn doubles(param: &Param) -> Result<Vec<f64>> {
    with_values(&param.var, |values| {
        values.iter().map(|&value| f64::from(value)).collect()
    })
}

/// `running = (1 − momentum) · running + momentum · scale · batch`
fn move_towards(running: &Param, batch: &[f64], scale: f64, momentum: f64) -> Result<()> {
    let mixed: Vec<f32> = doubles(running)?
        .iter()
        .zip(batch)
        .map(|(old, new)| ((1.0 - momentum) * old + momentum * scale * new) as f32)
        .collect();
    let mixed = Tensor::from_vec(mixed, running.var.shape(), &Device::Cpu)?;
    Ok(running.var.set(&mixed)?)
}
