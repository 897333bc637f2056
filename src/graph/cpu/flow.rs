//! Gradients on their way back.

use candle_core::{Device, Tensor};

use super::arena::Buffer;
use super::tensor;
use crate::error::Result;
use crate::graph::executor::Gradients;
use crate::kernels::batch_norm::NormSums;
use crate::kernels::{Simd, elementwise};
use crate::params::Param;

/// Gradients on their way to the nodes and the parameters.
pub(super) struct Flow {
    nodes: Vec<Option<Buffer>>,
    /// Sums of those gradients that went through the batch norm's ReLU already.
    reduced: Vec<Option<NormSums>>,
    /// Whether a gradient went through the GELU that ends the node's step.
    activated: Vec<bool>,
    wanted: Vec<bool>,
    result: Gradients,
}

impl Flow {
    /// Nothing yet; `wanted` tells which nodes a gradient must reach.
    pub(super) fn new(wanted: Vec<bool>) -> Self {
        Self {
            nodes: wanted.iter().map(|_| None).collect(),
            reduced: vec![None; wanted.len()],
            activated: vec![false; wanted.len()],
            wanted,
            result: Gradients::default(),
        }
    }

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
    pub(super) fn reduced(&mut self, node: usize, sums: Option<NormSums>) {
        self.reduced[node] = sums;
    }

    /// The sums noted for `node`.
    pub(super) fn take_reduced(&mut self, node: usize) -> Option<NormSums> {
        self.reduced[node].take()
    }

    /// Note that the gradient of `node` went through the GELU of its step.
    pub(super) fn activated(&mut self, node: usize) {
        self.activated[node] = true;
    }

    /// Whether it did.
    pub(super) fn is_activated(&self, node: usize) -> bool {
        self.activated[node]
    }

    /// Note the gradient of a parameter that may change.
    pub(super) fn parameter(&mut self, param: &Param, gradient: Vec<f32>) -> Result<()> {
        if !param.trainable() {
            return Ok(());
        }
        let gradient = Tensor::from_vec(gradient, param.var.shape(), &Device::Cpu)?;
        self.result.add(param.name.clone(), gradient)
    }

    /// The gradients of the parameters, and of the input, of samples of `shape`, if it wants one.
    pub(super) fn end(mut self, shape: &[usize]) -> Result<Gradients> {
        if let Some(gradient) = self.take(0) {
            self.result.input = Some(tensor::export(&gradient, shape)?);
        }
        Ok(self.result)
    }
}
