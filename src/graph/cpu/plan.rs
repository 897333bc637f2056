//! From a graph to the steps that run it: which ops run as one, and until when values are needed.

use crate::graph::batch_norm::BatchNorm;
use crate::graph::{Graph, Node, Op};

/// One op, or a batch norm with what follows it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) op: Op,
    /// Prefix of the parameters.
    pub(super) name: String,
    /// Nodes read; a second one of a batch norm is a residual to add.
    pub(super) inputs: Vec<usize>,
    /// Node written.
    pub(super) output: usize,
    /// Whether ReLU follows a batch norm within the step.
    pub(super) relu: bool,
    /// Sample shape of the first input.
    pub(super) from: Vec<usize>,
    /// Sample shape of the output.
    pub(super) to: Vec<usize>,
}

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
    pub(super) fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes();
        let outputs: Vec<usize> = graph.outputs().iter().map(|(_, node)| node.0).collect();
        let users = Users::of(nodes, &outputs);
        let mut absorbed = vec![false; nodes.len()];
        let mut steps: Vec<Step> = Vec::new();
        // Backwards, so that a ReLU claims what stands before it.
        for (id, node) in nodes.iter().enumerate().rev() {
            let Some(op) = &node.op else { continue };
            if absorbed[id] {
                continue;
            }
            let mut step = Step {
                op: op.clone(),
                name: node.name.clone(),
                inputs: node.inputs.iter().map(|i| i.0).collect(),
                output: id,
                relu: false,
                from: Vec::new(),
                to: node.shape.clone(),
            };
            if let Some(fused) = fuse(nodes, &users, id) {
                for absorbed_node in fused.absorbed {
                    absorbed[absorbed_node] = true;
                }
                step.op = Op::BatchNorm(fused.norm);
                step.name = fused.name;
                step.inputs = fused.inputs;
                step.relu = true;
            }
            step.from.clone_from(&nodes[step.inputs[0]].shape);
            steps.push(step);
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

    /// Which nodes a gradient must reach: those that depend on a parameter, or on an input that wants one.
    pub(super) fn wanted(&self, input: bool) -> Vec<bool> {
        let mut wanted = vec![false; self.shapes.len()];
        wanted[0] = input;
        for step in &self.steps {
            let owns = !step.op.layer().parameters("").is_empty();
            wanted[step.output] = owns || step.inputs.iter().any(|&i| wanted[i]);
        }
        wanted
    }
}

/// How many nodes and outputs read each node.
struct Users(Vec<usize>);

impl Users {
    fn of(nodes: &[Node], outputs: &[usize]) -> Self {
        let mut users = vec![0; nodes.len()];
        let inputs = nodes.iter().flat_map(|node| &node.inputs).map(|i| i.0);
        for node in inputs.chain(outputs.iter().copied()) {
            users[node] += 1;
        }
        Self(users)
    }

    fn only_one(&self, node: usize) -> bool {
        self.0[node] == 1
    }
}

struct Fused {
    norm: BatchNorm,
    name: String,
    inputs: Vec<usize>,
    absorbed: Vec<usize>,
}

/// `relu(batch_norm(x))` and `relu(batch_norm(x) + residual)` that end at node `relu`.
fn fuse(nodes: &[Node], users: &Users, relu: usize) -> Option<Fused> {
    if nodes[relu].op != Some(Op::Relu(crate::graph::relu::Relu)) {
        return None;
    }
    let before = nodes[relu].inputs[0].0;
    let private_norm = |id: usize| match &nodes[id].op {
        Some(Op::BatchNorm(norm)) if users.only_one(id) => Some(*norm),
        _ => None,
    };
    if let Some(norm) = private_norm(before) {
        return Some(Fused {
            norm,
            name: nodes[before].name.clone(),
            inputs: vec![nodes[before].inputs[0].0],
            absorbed: vec![before],
        });
    }
    if !matches!(nodes[before].op, Some(Op::Add(_))) || !users.only_one(before) {
        return None;
    }
    let (a, b) = (nodes[before].inputs[0].0, nodes[before].inputs[1].0);
    let (branch, residual) = if private_norm(a).is_some() {
        (a, b)
    } else {
        (b, a)
    };
    private_norm(branch).map(|norm| Fused {
        norm,
        name: nodes[branch].name.clone(),
        inputs: vec![nodes[branch].inputs[0].0, residual],
        absorbed: vec![before, branch],
    })
}
