//! The ONNX graph under construction.

use std::collections::BTreeSet;

use candle_core::{DType, Tensor};

use crate::error::{Error, Result};
use crate::export::network::bare;
use crate::onnx::{Attribute, OnnxGraph, OnnxNode, OnnxTensor};
use crate::params::Params;

/// Adds nodes and the tensors that they take.
pub(super) struct Writer<'a> {
    params: &'a Params,
    /// Version of ONNX's operators in use.
    pub(super) opset: i64,
    graph: OnnxGraph,
    known: BTreeSet<String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(params: &'a Params, opset: i64) -> Self {
        Self {
            params,
            opset,
            graph: OnnxGraph::default(),
            known: BTreeSet::new(),
        }
    }

    /// Add `op` called `name` on `inputs`; the name of its value.
    pub(super) fn node(&mut self, op: &str, name: &str, inputs: &[&str]) -> String {
        self.node_with(op, name, inputs, Vec::new())
    }

    /// The same with settings.
    pub(super) fn node_with(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) -> String {
        let value = format!("{name}.out");
        let node = OnnxNode::new(op, name, inputs, &value).with(attributes);
        self.graph.node.push(node);
        value
    }

    /// Let `value` be called `output`.
    pub(super) fn output(&mut self, value: &str, output: &str) {
        let node = OnnxNode::new("Identity", output, &[value], output);
        self.graph.node.push(node);
    }

    /// The values of the parameter called `name` in 32-bit floats.
    pub(super) fn values(&self, name: &str) -> Result<Tensor> {
        let param = self.params.get(name);
        let param =
            param.ok_or_else(|| Error::Failed(format!("there is no parameter `{name}`")))?;
        Ok(param.var.as_detached_tensor().to_dtype(DType::F32)?)
    }

    /// The parameter called `name` as a tensor of the file; its name there.
    pub(super) fn parameter(&mut self, name: &str) -> Result<String> {
        let values = self.values(name)?;
        self.tensor(bare(name), &values)
    }

    /// `values` as a tensor of the file called `name`, once.
    pub(super) fn tensor(&mut self, name: &str, values: &Tensor) -> Result<String> {
        if self.known.insert(name.to_string()) {
            let flat = values.flatten_all()?.to_vec1::<f32>()?;
            let tensor = OnnxTensor::floats(name, values.dims(), flat);
            self.graph.initializer.push(tensor);
        }
        Ok(name.to_string())
    }

    /// One number.
    pub(super) fn number(&mut self, name: &str, value: f64) -> String {
        self.add(OnnxTensor::floats(name, &[], [value as f32]))
    }

    /// A row of whole numbers, shared by all nodes that ask for the same.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let words: Vec<String> = values.iter().map(i64::to_string).collect();
        let name = format!("ints.{}", words.join("_"));
        self.add(OnnxTensor::ints(&name, values))
    }

    /// One whole number without a dimension.
    pub(super) fn int(&mut self, value: i64) -> String {
        self.add(OnnxTensor::int(&format!("int.{value}"), value))
    }

    /// `tensor` as it is, once.
    pub(super) fn add(&mut self, tensor: OnnxTensor) -> String {
        let name = tensor.name.clone();
        if self.known.insert(name.clone()) {
            self.graph.initializer.push(tensor);
        }
        name
    }

    /// `x` in another shape; 0 keeps a dimension and −1 follows from the others.
    pub(super) fn reshape(&mut self, name: &str, x: &str, shape: &[i64]) -> String {
        let shape = self.ints(shape);
        self.node("Reshape", name, &[x, &shape])
    }

    /// `x` with its dimensions in another order.
    pub(super) fn transpose(&mut self, name: &str, x: &str, order: &[i64]) -> String {
        let order = Attribute::ints("perm", order);
        self.node_with("Transpose", name, &[x], vec![order])
    }

    /// A reduction of `x` over `axes`, which are kept with size 1 where `keep`.
    pub(super) fn reduce(
        &mut self,
        op: &str,
        name: &str,
        x: &str,
        axes: &[i64],
        keep: bool,
    ) -> String {
        let keep = Attribute::int("keepdims", i64::from(keep));
        if self.opset < 18 {
            let axes = Attribute::ints("axes", axes);
            return self.node_with(op, name, &[x], vec![axes, keep]);
        }
        let axes = self.ints(axes);
        self.node_with(op, name, &[x, &axes], vec![keep])
    }

    /// The parts of `x` from `start` to `end` of dimension `axis`.
    pub(super) fn slice(
        &mut self,
        name: &str,
        x: &str,
        axis: i64,
        (start, end): (i64, i64),
    ) -> String {
        let [start, end, axis] = [start, end, axis].map(|value| self.ints(&[value]));
        self.node("Slice", name, &[x, &start, &end, &axis])
    }

    /// The finished graph, without inputs and outputs.
    pub(super) fn finish(self) -> OnnxGraph {
        self.graph
    }
}
