//! Every op of the graph on the kernels, forward and backward.

mod attention;
mod batch_norm;
pub(super) mod conv2d;
mod drop_path;
mod gates;
mod heads;
mod layer_norm;
mod linear;
mod pointwise;
mod pool;
mod prototypes;
mod response_norm;
mod tokens;
mod windows;

use std::sync::Arc;

use super::arena::Buffer;
use super::flow::Flow;
use super::step::Step;
use super::tape::{Context, Deferred, Done, Kept, Value};
use crate::error::{Error, Result};
use crate::graph::ops::Op;

/// The value of `step` from those of its inputs.
pub(super) fn forward(cx: &Context, step: &Step, mut inputs: Vec<Value>) -> Deferred {
    let second = if inputs.len() > 1 { inputs.pop() } else { None };
    let second = second.map(|value| value.buffer);
    let x = inputs
        .pop()
        .ok_or_else(|| Error::Failed(format!("node `{}` has no input", step.name)))?;
    match &step.op {
        Op::Conv2d(op) => conv2d::forward(cx, step, op, x, second.as_deref()),
        Op::BatchNorm(op) => batch_norm::forward(cx, step, op, x, second),
        _ => alone(cx, step, x.buffer, second).map(|(y, kept)| (y.into(), kept)),
    }
}

/// Steps that have nothing to do with their neighbours'.
fn alone(cx: &Context, step: &Step, x: Arc<Buffer>, second: Option<Arc<Buffer>>) -> Done {
    match (&step.op, second) {
        (Op::Relu(_), _) => Ok(pointwise::relu(cx, &x)),
        (Op::Add(_), Some(second)) => Ok(pointwise::add(cx, &x, &second)),
        (Op::MaxPool(op), _) => Ok(pool::max(cx, step, op, x)),
        (Op::GlobalAvgPool(_), _) => Ok(pool::average(cx, step, &x)),
        (Op::Flatten(_), _) => Ok(pointwise::flatten(cx, step, x)),
        (Op::Linear(op), residual) => linear::forward(cx, step, op, x, residual.as_deref()),
        (Op::LayerNorm(op), _) => layer_norm::forward(cx, step, op, x),
        (Op::Gelu(_), _) => Ok(pointwise::gelu(cx, x)),
        // Channels last, an image already is its sequence of tokens, and a vector an image of one pixel.
        (Op::ToTokens(_) | Op::Unsqueeze(_), _) => Ok((x, Kept::default())),
        (Op::TokenEmbed(op), _) => tokens::embed(cx, step, op, &x),
        (Op::Attention(op), _) => Ok(attention::forward(cx, step, *op, x)),
        (Op::TokenPool(op), _) => Ok(tokens::pool(cx, step, *op, &x)),
        (Op::Tanh(_), _) => Ok(pointwise::tanh(cx, &x)),
        (Op::Prototypes(op), _) => prototypes::forward(cx, step, op, x),
        (Op::Pointwise(op), _) => Ok(gates::pointwise(cx, *op, x)),
        (Op::LayerScale(_), _) => gates::scale(cx, step, x),
        (Op::Multiply(_), Some(second)) => Ok(gates::multiply(cx, step, x, second)),
        (Op::SwiGlu(_), _) => Ok(gates::swiglu(cx, step, x)),
        (Op::GlobalResponseNorm(op), _) => response_norm::forward(cx, step, op, x),
        (Op::HeadNorm(op), _) => heads::norm(cx, step, op, x),
        (Op::Rotary(op), _) => Ok(heads::rotate(cx, step, op, &x)),
        (Op::WindowAttention(op), _) => windows::attend(cx, step, *op, &x),
        (Op::PatchMerge(_), _) => Ok(windows::merge(cx, step, &x)),
        (Op::DropPath(op), residual) => Ok(drop_path::forward(cx, *op, x, residual.as_deref())),
        (Op::Conv2d(_) | Op::BatchNorm(_) | Op::Add(_) | Op::Multiply(_), _) => Err(Error::Failed(
            format!("node `{}` is not a step by itself", step.name),
        )),
    }
}

/// Hands `gradient`, that of `step`'s output, on to its parameters and inputs; `before` is the step whose gradient it
/// completes.
pub(super) fn backward(
    cx: &Context,
    step: &Step,
    (kept, before): (&Kept, Option<(&Step, &Kept)>),
    gradient: Buffer,
    flow: &mut Flow,
) -> Result<()> {
    match &step.op {
        Op::Conv2d(op) => {
            let before = match before {
                Some((norm, kept)) => Some(batch_norm::reduce(norm, kept)?),
                None => None,
            };
            conv2d::backward(cx, step, op, (kept, before), &gradient, flow)
        }
        Op::BatchNorm(_) => batch_norm::backward(cx, step, kept, gradient, flow),
        Op::Relu(_) => pointwise::relu_backward(cx, step, kept, gradient, flow),
        Op::Add(_) => {
            pointwise::add_backward(cx, step, gradient, flow);
            Ok(())
        }
        Op::MaxPool(op) => pool::max_backward(cx, step, op, kept, &gradient, flow),
        Op::GlobalAvgPool(_) => {
            pool::average_backward(cx, step, &gradient, flow);
            Ok(())
        }
        Op::Flatten(_) => {
            pointwise::flatten_backward(cx, step, gradient, flow);
            Ok(())
        }
        Op::Linear(op) => {
            let before = before.map(|(_, kept)| kept);
            linear::backward(cx, step, op, (kept, before), gradient, flow)
        }
        Op::LayerNorm(op) => layer_norm::backward(cx, step, op, kept, gradient, flow),
        Op::Gelu(_) => pointwise::gelu_backward(cx, step, kept, gradient, flow),
        Op::Tanh(_) => pointwise::tanh_backward(cx, step, kept, gradient, flow),
        Op::Prototypes(op) => prototypes::backward(cx, step, op, kept, gradient, flow),
        Op::Pointwise(op) => gates::pointwise_backward(cx, step, *op, kept, gradient, flow),
        Op::LayerScale(_) => gates::scale_backward(cx, step, kept, &gradient, flow),
        Op::Multiply(_) => gates::multiply_backward(cx, step, kept, &gradient, flow),
        Op::SwiGlu(_) => gates::swiglu_backward(cx, step, kept, &gradient, flow),
        Op::GlobalResponseNorm(op) => response_norm::backward(cx, step, op, kept, gradient, flow),
        Op::HeadNorm(op) => heads::norm_backward(cx, step, op, kept, gradient, flow),
        Op::Rotary(op) => {
            heads::rotate_backward(cx, step, op, gradient, flow);
            Ok(())
        }
        Op::WindowAttention(op) => windows::attend_backward(cx, step, *op, kept, &gradient, flow),
        Op::PatchMerge(_) => {
            windows::merge_backward(cx, step, &gradient, flow);
            Ok(())
        }
        Op::DropPath(op) => {
            drop_path::backward(cx, step, *op, gradient, flow);
            Ok(())
        }
        Op::ToTokens(_) | Op::Unsqueeze(_) => {
            flow.give(cx.simd, step.inputs[0], gradient);
            Ok(())
        }
        Op::TokenEmbed(op) => tokens::embed_backward(cx, step, op, &gradient, flow),
        Op::Attention(op) => attention::backward(cx, step, *op, kept, &gradient, flow),
        Op::TokenPool(op) => {
            tokens::pool_backward(cx, step, *op, &gradient, flow);
            Ok(())
        }
    }
}
