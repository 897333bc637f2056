//! What ops are given and what they keep for backward.

use std::sync::Arc;

use super::arena::{Arena, Buffer};
use super::plan::Plan;
use super::step::Step;
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::kernels::Simd;
use crate::kernels::batch_norm::{ChannelMoments, ScaleShift};
use crate::kernels::bf16::Bf16;
use crate::params::{Param, Params};

/// What every op is given besides its inputs.
pub(super) struct Context<'a> {
    pub(super) arena: &'a Arc<Arena>,
    pub(super) simd: Simd,
    /// There when wide products are computed of numbers of 16 bits: one, two or three for each operand.
    pub(super) bf16: Option<Bf16>,
    pub(super) params: &'a Params,
    pub(super) batch: usize,
    pub(super) mode: Mode,
}

impl Context<'_> {
    /// The parameters of `step`'s op, in their order.
    pub(super) fn parameters(&self, step: &Step) -> Result<Vec<Param>> {
        self.create(step.op.layer(), &step.name)
    }

    /// The parameters of `layer` under the prefix `name`, in their order.
    pub(super) fn create(&self, layer: &dyn Layer, name: &str) -> Result<Vec<Param>> {
        let specs = layer.parameters(name);
        specs.iter().map(|spec| self.params.create(spec)).collect()
    }
}

/// Image samples keep channels last inside: ops over the last dimension cannot take them.
pub(super) fn refuse_images(step: &Step) -> Result<()> {
    if step.from.len() == 3 {
        return Err(Error::Failed(format!(
            "node `{}`: the cpu executor runs {} on vectors and sequences, not on images; \
             flatten first or choose `--executor candle`",
            step.name,
            step.op.layer().name()
        )));
    }
    Ok(())
}

/// The value of a node, on its way to the steps that read it.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) buffer: Arc<Buffer>,
    /// Batch norm and ReLU, which the convolution that reads this has to apply.
    pub(super) norm: Option<Arc<ScaleShift>>,
    /// What the convolution that wrote this has measured.
    pub(super) statistics: Option<Arc<ChannelMoments>>,
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
    pub(super) affine: Option<Arc<ScaleShift>>,
}

impl Kept {
    /// The input alone.
    pub(super) fn input(x: Arc<Buffer>) -> Self {
        Self {
            x: Some(x),
            ..Self::default()
        }
    }

    /// The output alone.
    pub(super) fn output(y: &Arc<Buffer>) -> Self {
        Self {
            y: Some(Arc::clone(y)),
            ..Self::default()
        }
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

/// A value and what backward needs.
pub(super) type Done = Result<(Arc<Buffer>, Kept)>;

/// The same with what is left to neighbouring steps.
pub(super) type Deferred = Result<(Value, Kept)>;

/// The tape.
pub(super) struct Record {
    pub(super) plan: Plan,
    pub(super) kept: Vec<Kept>,
    pub(super) params: Params,
    pub(super) batch: usize,
    pub(super) mode: Mode,
    /// Whether the input of the graph wants a gradient.
    pub(super) input: bool,
}
