//! The forward pass: runs the steps, keeps what backward needs, gives the rest back.

use std::sync::Arc;

use candle_core::Tensor;

use super::arena::{Arena, Buffer};
use super::ops;
use super::plan::Plan;
use super::tensor;
use crate::error::{Error, Result};
use crate::graph::{Graph, Layer, Mode};
use crate::kernels::Simd;
use crate::kernels::batch_norm::{Affine, Statistics};
use crate::kernels::bf16::Bf16;
use crate::params::{Param, Params};

/// What every op is given besides its inputs.
pub(super) struct Context<'a> {
    pub(super) arena: &'a Arc<Arena>,
    pub(super) simd: Simd,
    /// There when products of a training step are computed in 16 bits.
    pub(super) bf16: Option<Bf16>,
    pub(super) params: &'a Params,
    pub(super) batch: usize,
    pub(super) mode: Mode,
}

/// The value of a node, on its way to the steps that read it.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) buffer: Arc<Buffer>,
    /// Batch norm and ReLU, which the convolution that reads this has to apply.
    pub(super) norm: Option<Arc<Affine>>,
    /// What the convolution that wrote this has measured.
    pub(super) statistics: Option<Arc<Statistics>>,
}

impl From<Arc<Buffer>> for Value {
    fn from(buffer: Arc<Buffer>) -> Self {
        Self {
            buffer,
            norm: None,
            statistics: None,
        }
    }
}

/// What one step keeps for its backward.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) x: Option<Arc<Buffer>>,
    pub(super) y: Option<Arc<Buffer>>,
    /// Of a batch norm; of a convolution, the norm that x has to go through.
    pub(super) affine: Option<Arc<Affine>>,
}

/// The tape.
pub(super) struct Record {
    pub(super) plan: Plan,
    pub(super) kept: Vec<Kept>,
    pub(super) params: Params,
    pub(super) batch: usize,
    /// Whether the input of the graph wants a gradient.
    pub(super) input: bool,
}

impl Context<'_> {
    /// The parameters of `step`'s op, in their order.
    pub(super) fn parameters(&self, step: &super::plan::Step) -> Result<Vec<Param>> {
        self.create(step.op.layer(), &step.name)
    }

    /// The parameters of `layer` under the prefix `name`, in their order.
    pub(super) fn create(&self, layer: &dyn Layer, name: &str) -> Result<Vec<Param>> {
        let specs = layer.parameters(name);
        specs.iter().map(|spec| self.params.create(spec)).collect()
    }
}

/// The value that a step kept.
pub(super) fn kept(value: Option<&Arc<Buffer>>) -> Result<&[f32]> {
    match value {
        Some(buffer) => Ok(buffer),
        None => Err(Error::Failed(
            "a tape lacks a value that its forward kept".into(),
        )),
    }
}

pub(super) fn run(
    arena: &Arc<Arena>,
    (simd, bf16): (Simd, Option<Bf16>),
    graph: &Graph,
    params: &Params,
    x: &Tensor,
    mode: Mode,
) -> Result<(Vec<Tensor>, Record)> {
    let plan = match mode {
        Mode::Eval => Plan::of(graph).folded(),
        _ => Plan::of(graph).deferred(bf16),
    };
    let context = Context {
        arena,
        simd,
        bf16: bf16.filter(|_| mode != Mode::Eval),
        params,
        batch: x.dims()[0],
        mode,
    };
    let mut reads = plan.reads();
    let mut values: Vec<Option<Value>> = vec![None; plan.shapes.len()];
    values[0] = Some(Arc::new(tensor::import(arena, x, &plan.shapes[0])?).into());
    let mut tape = Vec::new();
    for step in &plan.steps {
        let inputs: Vec<Value> = step
            .inputs
            .iter()
            .filter_map(|&node| values[node].clone())
            .collect();
        for &node in &step.inputs {
            reads[node] -= 1;
            if reads[node] == 0 {
                values[node] = None;
            }
        }
        let (value, kept) = ops::forward(&context, step, inputs)?;
        values[step.output] = Some(value);
        if mode != Mode::Eval {
            tape.push(kept);
        }
    }
    let mut outputs = Vec::new();
    for &node in &plan.outputs {
        let value = values[node].as_ref().map(|value| &value.buffer);
        outputs.push(tensor::export(kept(value)?, &plan.shapes[node])?);
    }
    let record = Record {
        plan,
        kept: tape,
        params: params.clone(),
        batch: context.batch,
        input: x.is_variable(),
    };
    Ok((outputs, record))
}
