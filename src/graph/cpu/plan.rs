//! From a graph to the steps that run it: which ops run as one, and until when values are needed.

use super::fold::Folded;
use crate::graph::{Graph, Node, Op};

/// An activation at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Relu,
    Gelu,
}

/// One op, or a batch norm or a linear layer with what follows it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) op: Op,
    /// Prefix of the parameters.
    pub(super) name: String,
    /// Nodes read; a second one of a batch norm or a linear layer is a residual to add.
    pub(super) inputs: Vec<usize>,
    /// Node written.
    pub(super) output: usize,
    /// What follows within the step.
    pub(super) then: Then,
    /// The batch norm that a convolution has taken in for evaluation.
    pub(super) folded: Option<Folded>,
    /// Whether a convolution measures its output for the batch norm that reads it.
    pub(super) measures: bool,
    /// Whether a batch norm leaves its work, ReLU included, to the convolution that reads it.
    pub(super) deferred: bool,
    /// The batch norm whose output's gradient is whole once a convolution has added its own.
    pub(super) completes: Option<usize>,
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
        // Backwards, so that an activation or a sum claims what stands before it.
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
                then: Then::Nothing,
                folded: None,
                measures: false,
                deferred: false,
                completes: None,
                from: Vec::new(),
                to: node.shape.clone(),
            };
            if let Some(fused) = fuse(nodes, &users, id) {
                for absorbed_node in fused.absorbed {
                    absorbed[absorbed_node] = true;
                }
                step.op = nodes[fused.main].op.clone().unwrap_or(step.op);
                step.name.clone_from(&nodes[fused.main].name);
                step.inputs = fused.inputs;
                step.then = fused.then;
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
    /// The node whose op and parameters the step has.
    main: usize,
    inputs: Vec<usize>,
    absorbed: Vec<usize>,
    then: Then,
}

/// What ends at node `end`: `relu(batch_norm(x))`, `relu(batch_norm(x) + residual)`, `gelu(linear(x))` or
/// `linear(x) + residual`.
fn fuse(nodes: &[Node], users: &Users, end: usize) -> Option<Fused> {
    match nodes[end].op.as_ref()? {
        Op::Relu(_) => {
            let before = nodes[end].inputs[0].0;
            if is_norm(nodes, users, before) {
                return Some(Fused::of(nodes, before, Then::Relu));
            }
            if !matches!(nodes[before].op, Some(Op::Add(_))) || !users.only_one(before) {
                return None;
            }
            let mut fused = with_residual(nodes, before, |id| is_norm(nodes, users, id))?;
            fused.absorbed.push(before);
            fused.then = Then::Relu;
            Some(fused)
        }
        Op::Gelu(_) => {
            let before = nodes[end].inputs[0].0;
            is_linear(nodes, users, before).then(|| Fused::of(nodes, before, Then::Gelu))
        }
        Op::Add(_) => with_residual(nodes, end, |id| is_linear(nodes, users, id)),
        _ => None,
    }
}

impl Fused {
    fn of(nodes: &[Node], main: usize, then: Then) -> Self {
        Self {
            main,
            inputs: vec![nodes[main].inputs[0].0],
            absorbed: vec![main],
            then,
        }
    }
}

/// The sum `add` of a residual and of a node that `fits`.
fn with_residual(nodes: &[Node], add: usize, fits: impl Fn(usize) -> bool) -> Option<Fused> {
    let (a, b) = (nodes[add].inputs[0].0, nodes[add].inputs[1].0);
    let (main, residual) = if fits(a) { (a, b) } else { (b, a) };
    if !fits(main) {
        return None;
    }
    let mut fused = Fused::of(nodes, main, Then::Nothing);
    fused.inputs.push(residual);
    Some(fused)
}

fn is_norm(nodes: &[Node], users: &Users, id: usize) -> bool {
    matches!(nodes[id].op, Some(Op::BatchNorm(_))) && users.only_one(id)
}

fn is_linear(nodes: &[Node], users: &Users, id: usize) -> bool {
    matches!(nodes[id].op, Some(Op::Linear(_))) && users.only_one(id)
}
