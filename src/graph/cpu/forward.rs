//! The forward pass: runs the steps, keeps what backward needs, gives the rest back.

use std::sync::Arc;

use candle_core::Tensor;

use super::arena::{Arena, Buffer};
use super::plan::Plan;
use super::step::Step;
use super::tape::{Context, Kept, Record, Value, kept};
use super::{ops, tensor};
use crate::error::{Error, Result};
use crate::graph::builder::Graph;
use crate::graph::mode::Mode;
use crate::kernels::Simd;
use crate::kernels::bf16::Bf16;
use crate::params::Params;

/// What products of an evaluation are computed by: those of rounded operands are in 32 bits there.
fn evaluating(bf16: Bf16) -> Option<Bf16> {
    match bf16.parts() {
        1 => bf16.splits().then(|| bf16.in_three()),
        _ => Some(bf16),
    }
}

/// The outputs of `graph` for `x`, and the tape.
pub(super) fn run(
    arena: &Arc<Arena>,
    (simd, bf16): (Simd, Option<Bf16>),
    graph: &Graph,
    params: &Params,
    x: &Tensor,
    mode: Mode,
) -> Result<(Vec<Tensor>, Record)> {
    let plan = match mode {
        Mode::Eval => Plan::of(graph, false).folded(),
        Mode::Train(draws) | Mode::Recompute(draws) => {
            Plan::of(graph, draws.is_some()).deferred(bf16)
        }
    };
    let context = Context {
        arena,
        simd,
        bf16: if mode == Mode::Eval {
            bf16.and_then(evaluating)
        } else {
            bf16
        },
        params,
        batch: x.dims()[0],
        mode,
    };
    let mut values = Values::new(&plan, tensor::import(arena, x, &plan.shapes[0])?);
    let mut tape: Vec<Kept> = Vec::new();
    for step in &plan.steps {
        let inputs = values.read(step)?;
        let (value, kept) = ops::forward(&context, step, inputs)?;
        values.of[step.output] = Some(value);
        if mode != Mode::Eval {
            tape.push(kept);
        }
    }
    let mut outputs = Vec::new();
    for &node in &plan.outputs {
        let value = values.of[node].as_ref().map(|value| &value.buffer);
        outputs.push(tensor::export(kept(value)?, &plan.shapes[node])?);
    }
    let record = Record {
        plan,
        kept: tape,
        params: params.clone(),
        batch: context.batch,
        mode,
        input: x.is_variable(),
    };
    Ok((outputs, record))
}

/// The values that later steps read, and how often each is still to be read.
struct Values {
    of: Vec<Option<Value>>,
    reads: Vec<usize>,
}

impl Values {
    fn new(plan: &Plan, input: Buffer) -> Self {
        let mut of: Vec<Option<Value>> = vec![None; plan.shapes.len()];
        of[0] = Some(Arc::new(input).into());
        Self {
            of,
            reads: plan.reads(),
        }
    }

    /// The inputs of `step`; those that nothing else reads are let go.
    fn read(&mut self, step: &Step) -> Result<Vec<Value>> {
        let gone = || Error::Failed(format!("node `{}` reads a value that is gone", step.name));
        let inputs = step.inputs.iter();
        let inputs = inputs.map(|&node| self.of[node].clone().ok_or_else(gone));
        let inputs = inputs.collect::<Result<_>>()?;
        for &node in &step.inputs {
            self.reads[node] -= 1;
            if self.reads[node] == 0 {
                self.of[node] = None;
            }
        }
        Ok(inputs)
    }
}
