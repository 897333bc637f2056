//! The graph itself and the few functions that build it.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::graph::ops::Op;
use crate::params::ParamSpec;

/// Position of a node; node 0 is the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// One op applied to earlier nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The prefix of its parameters, torchvision's or timm's, for example `layer1.0.conv1`.
    pub name: String,
    /// What it computes; `None` for the input.
    pub op: Option<Op>,
    /// Where its inputs come from, always earlier nodes.
    pub inputs: Vec<NodeId>,
    /// Shape of one sample of its output.
    pub shape: Vec<usize>,
}

/// A network as a list of ops in order, with named outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) outputs: Vec<(String, NodeId)>,
}

impl Graph {
    /// A graph that so far only has its input: samples of shape `input`, for images (channels, height, width).
    #[must_use]
    pub fn new(input: &[usize]) -> Self {
        let node = Node {
            name: "input".into(),
            op: None,
            inputs: Vec::new(),
            shape: input.to_vec(),
        };
        Self {
            nodes: vec![node],
            outputs: Vec::new(),
        }
    }

    /// The input node.
    #[must_use]
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// All nodes, every one after its inputs.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Shape of one sample of a node's output.
    #[must_use]
    pub fn shape(&self, node: NodeId) -> &[usize] {
        &self.nodes[node.0].shape
    }

    /// The outputs in order: name and node.
    #[must_use]
    pub fn outputs(&self) -> &[(String, NodeId)] {
        &self.outputs
    }

    /// Position of the output called `name`.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|(known, _)| known == name)
    }

    /// A graph of `op` alone, called by its name and fed by the input as often as it takes one; its output is `output`.
    ///
    /// # Errors
    /// See [`Graph::push`].
    pub fn of(op: Op, input: &[usize]) -> Result<Self> {
        let mut graph = Self::new(input);
        let (name, inputs) = (op.layer().name(), vec![graph.input(); op.layer().inputs()]);
        let node = graph.push(name, op, &inputs)?;
        graph.mark("output", node);
        Ok(graph)
    }

    /// Append `op` on `inputs`; `name` becomes the prefix of its parameters.
    ///
    /// # Errors
    /// Inputs of a number or a shape that the op cannot take; the sentence names the node.
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[NodeId]) -> Result<NodeId> {
        let (name, layer) = (name.into(), op.layer());
        if inputs.len() != layer.inputs() {
            return Err(Error::Usage(format!(
                "network node `{name}`: {} has {} inputs instead of {}",
                layer.name(),
                inputs.len(),
                layer.inputs()
            )));
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(|&i| self.shape(i)).collect();
        let shape = layer
            .shape(&shapes)
            .map_err(|e| Error::Usage(format!("network node `{name}`: {e}")))?;
        self.nodes.push(Node {
            name,
            op: Some(op),
            inputs: inputs.to_vec(),
            shape,
        });
        Ok(NodeId(self.nodes.len() - 1))
    }

    /// Declare `node` as the next output, called `name`.
    pub fn mark(&mut self, name: &str, node: NodeId) {
        self.outputs.push((name.to_string(), node));
    }

    /// Append all nodes of `other`, fed by `input`, their names under `prefix`; returns its first output.
    ///
    /// # Errors
    /// `input` has another shape than `other` expects, or `other` has no output.
    pub fn append(&mut self, prefix: &str, other: &Graph, input: NodeId) -> Result<NodeId> {
        if self.shape(input) != other.nodes[0].shape {
            return Err(Error::Usage(format!(
                "`{prefix}` expects samples of shape {:?}, but receives {:?}",
                other.nodes[0].shape,
                self.shape(input)
            )));
        }
        let mut place = vec![input];
        for node in &other.nodes[1..] {
            let inputs = node.inputs.iter().map(|i| place[i.0]).collect();
            self.nodes.push(Node {
                name: format!("{prefix}.{}", node.name),
                inputs,
                ..node.clone()
            });
            place.push(NodeId(self.nodes.len() - 1));
        }
        let (_, output) = other
            .outputs
            .first()
            .ok_or_else(|| Error::Failed(format!("`{prefix}` has no output")))?;
        Ok(place[output.0])
    }

    /// The graph up to its output called `name`, the last of its outputs then.
    ///
    /// # Errors
    /// There is no such output.
    pub fn until(&self, name: &str) -> Result<Self> {
        let position = self
            .output(name)
            .ok_or_else(|| Error::Failed(format!("the network has no output `{name}`")))?;
        let last = self.outputs[position].1;
        Ok(Self {
            nodes: self.nodes[..=last.0].to_vec(),
            outputs: self.outputs[..=position].to_vec(),
        })
    }

    /// Everything that the graph's parameters need to exist, in the order of the nodes.
    #[must_use]
    pub fn parameters(&self) -> Vec<ParamSpec> {
        let mut seen = HashSet::new();
        self.nodes
            .iter()
            .filter_map(|node| node.op.as_ref().map(|op| op.layer().parameters(&node.name)))
            .flatten()
            .filter(|spec| seen.insert(spec.name.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ops::{Add, Relu};

    #[test]
    fn an_op_with_too_many_or_too_few_inputs_is_refused_by_name() {
        let mut graph = Graph::new(&[3]);
        let x = graph.input();
        for (op, inputs) in [(Op::Add(Add), vec![x]), (Op::Relu(Relu), vec![x, x])] {
            let name = op.layer().name();
            let refused = graph.push("node", op, &inputs).map_err(|e| e.to_string());
            assert!(refused.is_err_and(|e| e.contains("`node`") && e.contains(name)));
        }
        assert!(graph.push("sum", Op::Add(Add), &[x, x]).is_ok());
    }
}
