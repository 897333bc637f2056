//! A step of a pass: one op with what runs along with it.

use crate::graph::ops::{BatchNorm, Op};

/// An activation at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Nothing,
    Relu,
    Gelu,
}

/// The batch norm that a convolution has taken in: with running statistics it is a scale and a shift.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) op: BatchNorm,
    /// Prefix of its parameters.
    pub(super) name: String,
}

/// One op, or a batch norm, a linear layer or a drop of branches with what follows it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) op: Op,
    /// Prefix of the parameters.
    pub(super) name: String,
    /// Nodes read; a second one of a batch norm, a linear layer or a drop of branches is a residual to add.
    pub(super) inputs: Vec<usize>,
    /// Node written.
    pub(super) output: usize,
    /// What follows within the step.
    pub(super) then: Activation,
    /// The batch norm that a convolution has taken in for evaluation.
    pub(super) folded: Option<Folded>,
    /// Whether a convolution measures its output for the batch norm that reads it.
    pub(super) measures: bool,
    /// Whether a batch norm leaves its work, ReLU included, to the convolution that reads it.
    pub(super) deferred: bool,
    /// The batch norm, or the linear layer with its GELU, whose output's gradient is whole once the convolution, or the
    /// linear layer, that this is has added its own.
    pub(super) completes: Option<usize>,
    /// Sample shape of the first input.
    pub(super) from: Vec<usize>,
    /// Sample shape of the output.
    pub(super) to: Vec<usize>,
}
