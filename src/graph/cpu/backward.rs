//! The backward pass: walks the steps in reverse and hands gradients on.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::arena::{Arena, Buffer};
use super::forward::{Context, Record};
use super::{ops, tensor};
use crate::error::Result;
use crate::graph::{Gradients, Mode};
use crate::kernels::batch_norm::Reduced;
use crate::kernels::bf16::Bf16;
use crate::kernels::{Simd, elementwise};
use crate::params::Param;

/// Gradients on their way to the nodes and the parameters.
pub(super) struct Flow {
    nodes: Vec<Option<Buffer>>,
    /// Sums of those gradients that went through the batch norm's ReLU already.
    reduced: Vec<Option<Reduced>>,
    wanted: Vec<bool>,
    result: Gradients,
}

impl Flow {
    /// Whether `node` leads to a parameter, or to an input that wants its gradient.
    pub(super) fn wants(&self, node: usize) -> bool {
        self.wanted[node]
    }

    /// Add `gradient` to that of `node`.
    pub(super) fn give(&mut self, simd: Simd, node: usize, gradient: Buffer) {
        if !self.wanted[node] {
            return;
        }
        match &mut self.nodes[node] {
            Some(sum) => elementwise::add(simd, sum, &gradient),
            empty => *empty = Some(gradient),
        }
    }

    /// The gradient of `node` so far, to be added to and given back by [`Flow::put`].
    pub(super) fn take(&mut self, node: usize) -> Option<Buffer> {
        self.nodes[node].take()
    }

    /// Set the gradient of `node`.
    pub(super) fn put(&mut self, node: usize, gradient: Buffer) {
        self.nodes[node] = Some(gradient);
    }

    /// Note that the gradient of `node` went through its batch norm's ReLU, with these sums.
    pub(super) fn reduced(&mut self, node: usize, sums: Option<Reduced>) {
        self.reduced[node] = sums;
    }

    /// The sums noted for `node`.
    pub(super) fn take_reduced(&mut self, node: usize) -> Option<Reduced> {
        self.reduced[node].take()
    }

    /// Note the gradient of a parameter.
    pub(super) fn parameter(&mut self, param: &Param, gradient: Vec<f32>) -> Result<()> {
        let gradient = Tensor::from_vec(gradient, param.var.shape(), &Device::Cpu)?;
        self.result.add(param.name.clone(), gradient)
    }
}

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
        mode: Mode::Replay,
    };
    let mut flow = Flow {
        nodes: plan.shapes.iter().map(|_| None).collect(),
        reduced: vec![None; plan.shapes.len()],
        wanted: plan.wanted(record.input),
        result: Gradients::default(),
    };
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
    if let Some(gradient) = flow.take(0) {
        flow.result.input = Some(tensor::export(&gradient, &plan.shapes[0])?);
    }
    Ok(flow.result)
}
