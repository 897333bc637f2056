//! The backward pass: walks the steps in reverse and hands gradients on.

use std::sync::Arc;

use candle_core::Tensor;

use super::arena::Arena;
use super::flow::Flow;
use super::tape::{Context, Record};
use super::{ops, tensor};
use crate::error::Result;
use crate::graph::executor::Gradients;
use crate::kernels::Simd;
use crate::kernels::bf16::Bf16;

/// The gradients of the parameters from those of the outputs, `None` where the loss does not see one.
pub(super) fn run(
    arena: &Arc<Arena>,
    (simd, bf16): (Simd, Option<Bf16>),
    record: Record,
    gradients: &[Option<Tensor>],
) -> Result<Gradients> {
    let plan = record.plan;
    let context = Context {
        arena,
        simd,
        bf16,
        params: &record.params,
        batch: record.batch,
        mode: record.mode,
    };
    let mut flow = Flow::new(plan.wanted(record.input, &record.params));
    for (&node, gradient) in plan.outputs.iter().zip(gradients) {
        if let Some(gradient) = gradient {
            let gradient = tensor::import(arena, gradient, &plan.shapes[node])?;
            flow.give(simd, node, gradient);
        }
    }
    // An empty tape (of an evaluation) pulls nothing back.
    let mut tape = record.kept;
    while let Some(kept) = tape.pop() {
        let step = &plan.steps[tape.len()];
        if let Some(gradient) = flow.take(step.output) {
            let before = step.completes.map(|norm| (&plan.steps[norm], &tape[norm]));
            ops::backward(&context, step, (&kept, before), gradient, &mut flow)?;
        }
    }
    flow.end(&plan.shapes[0])
}
