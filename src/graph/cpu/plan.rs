//! From a graph to the steps that run it, and until when values are needed.

use std::borrow::Cow;

use super::fuse::{Fused, Users};
use super::step::Step;
use crate::graph::builder::{Graph, Node, NodeId};
use crate::graph::ops::Op;
use crate::params::{Param, Params};

/// The steps in order.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Sample shapes of all nodes.
    pub(super) shapes: Vec<Vec<usize>>,
    /// Nodes of the outputs.
    pub(super) outputs: Vec<usize>,
}

impl Plan {
    /// The steps of `graph` in order, those that drop branches only where that is `drawn`; which statistics they use is
    /// settled by `folded` or `deferred`.
    pub(super) fn of(graph: &Graph, drawn: bool) -> Self {
        let outputs = graph.outputs().iter().map(|(_, node)| node.0).collect();
        let (nodes, outputs) = if drawn {
            (Cow::Borrowed(graph.nodes()), outputs)
        } else {
            undrawn(graph.nodes(), outputs)
        };
        let nodes = nodes.as_ref();
        let users = Users::of(nodes, &outputs);
        let mut absorbed = vec![false; nodes.len()];
        let mut steps: Vec<Step> = Vec::new();
        // Backwards, so that an activation or a sum claims what stands before it.
        for (id, node) in nodes.iter().enumerate().rev() {
            if absorbed[id] {
                continue;
            }
            let fused = Fused::ending(nodes, &users, id);
            for &inside in &fused.absorbed {
                absorbed[inside] = true;
            }
            let main = &nodes[fused.main];
            let Some(op) = &main.op else { continue }; // the input, or passed by
            steps.push(Step {
                op: op.clone(),
                name: main.name.clone(),
                output: id,
                then: fused.then,
                folded: None,
                measures: false,
                deferred: false,
                completes: None,
                from: nodes[fused.inputs[0]].shape.clone(),
                to: node.shape.clone(),
                inputs: fused.inputs,
            });
        }
        steps.reverse();
        Self {
            steps,
            shapes: nodes.iter().map(|node| node.shape.clone()).collect(),
            outputs,
        }
    }

    /// How often each node is read, the outputs included.
    pub(super) fn reads(&self) -> Vec<usize> {
        let mut reads = vec![0; self.shapes.len()];
        let inputs = self.steps.iter().flat_map(|step| &step.inputs);
        for &node in inputs.chain(&self.outputs) {
            reads[node] += 1;
        }
        reads
    }

    /// Which nodes a gradient must reach: those that depend on a parameter that may change, or on an input that wants one.
    pub(super) fn wanted(&self, input: bool, params: &Params) -> Vec<bool> {
        let mut wanted = vec![false; self.shapes.len()];
        wanted[0] = input;
        for step in &self.steps {
            let own = step.op.layer().parameters(&step.name).into_iter();
            let mut own = own.filter_map(|spec| params.get(&spec.name));
            let owns = own.any(|param| Param::trainable(&param));
            wanted[step.output] = owns || step.inputs.iter().any(|&i| wanted[i]);
        }
        wanted
    }
}

/// The nodes without drops of branches, passed by by what reads them, and the `outputs` likewise.
fn undrawn(nodes: &[Node], outputs: Vec<usize>) -> (Cow<'_, [Node]>, Vec<usize>) {
    let drops = |node: &Node| matches!(node.op, Some(Op::DropPath(_)));
    if !nodes.iter().any(drops) {
        return (Cow::Borrowed(nodes), outputs);
    }
    let mut nodes = nodes.to_vec();
    let mut place: Vec<NodeId> = (0..nodes.len()).map(NodeId).collect();
    for (id, node) in nodes.iter_mut().enumerate() {
        for input in &mut node.inputs {
            *input = place[input.0];
        }
        if drops(node) {
            place[id] = node.inputs[0];
            node.op = None;
            node.inputs.clear();
        }
    }
    let outputs = outputs.into_iter().map(|node| place[node].0).collect();
    (Cow::Owned(nodes), outputs)
}
