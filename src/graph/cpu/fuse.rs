//! Which ops run as one.

use super::step::Activation;
use crate::graph::builder::Node;
use crate::graph::ops::Op;

/// How many nodes and outputs read each node.
pub(super) struct Users(Vec<usize>);

impl Users {
    pub(super) fn of(nodes: &[Node], outputs: &[usize]) -> Self {
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

/// Nodes that run as one step.
pub(super) struct Fused {
    /// The node whose op and parameters the step has.
    pub(super) main: usize,
    /// Nodes read; a second one of a batch norm, a linear layer or a drop of branches is a residual to add.
    pub(super) inputs: Vec<usize>,
    /// The nodes inside, without the last.
    pub(super) absorbed: Vec<usize>,
    /// What follows `main`.
    pub(super) then: Activation,
}

impl Fused {
    /// The step that ends at node `end`: several nodes if they fit, else that node alone.
    pub(super) fn ending(nodes: &[Node], users: &Users, end: usize) -> Self {
        fuse(nodes, users, end).unwrap_or_else(|| Self {
            main: end,
            inputs: nodes[end].inputs.iter().map(|i| i.0).collect(),
            absorbed: Vec::new(),
            then: Activation::Nothing,
        })
    }

    /// The first input of `main`, then `main` within the step.
    fn of(nodes: &[Node], main: usize, then: Activation) -> Self {
        Self {
            main,
            inputs: vec![nodes[main].inputs[0].0],
            absorbed: vec![main],
            then,
        }
    }
}

/// What ends at node `end`: `relu(batch_norm(x))`, `relu(batch_norm(x) + residual)`, `gelu(linear(x))`,
/// `linear(x) + residual` or `drop_path(x) + residual`.
fn fuse(nodes: &[Node], users: &Users, end: usize) -> Option<Fused> {
    match nodes[end].op.as_ref()? {
        Op::Relu(_) => {
            let before = nodes[end].inputs[0].0;
            if is_norm(nodes, users, before) {
                return Some(Fused::of(nodes, before, Activation::Relu));
            }
            if !matches!(nodes[before].op, Some(Op::Add(_))) || !users.only_one(before) {
                return None;
            }
            let mut fused = with_residual(nodes, before, |id| is_norm(nodes, users, id))?;
            fused.absorbed.push(before);
            fused.then = Activation::Relu;
            Some(fused)
        }
        Op::Gelu(_) => {
            let before = nodes[end].inputs[0].0;
            is_linear(nodes, users, before).then(|| Fused::of(nodes, before, Activation::Gelu))
        }
        Op::Add(_) => with_residual(nodes, end, |id| {
            is_linear(nodes, users, id) || is_drop(nodes, users, id)
        }),
        _ => None,
    }
}

/// The sum `add` of a residual and of a node that `fits`.
fn with_residual(nodes: &[Node], add: usize, fits: impl Fn(usize) -> bool) -> Option<Fused> {
    let (a, b) = (nodes[add].inputs[0].0, nodes[add].inputs[1].0);
    let (main, residual) = if fits(a) { (a, b) } else { (b, a) };
    if !fits(main) {
        return None;
    }
    let mut fused = Fused::of(nodes, main, Activation::Nothing);
    fused.inputs.push(residual);
    Some(fused)
}

fn is_norm(nodes: &[Node], users: &Users, id: usize) -> bool {
    matches!(nodes[id].op, Some(Op::BatchNorm(_))) && users.only_one(id)
}

fn is_linear(nodes: &[Node], users: &Users, id: usize) -> bool {
    matches!(nodes[id].op, Some(Op::Linear(_))) && users.only_one(id)
}

fn is_drop(nodes: &[Node], users: &Users, id: usize) -> bool {
    matches!(nodes[id].op, Some(Op::DropPath(_))) && users.only_one(id)
}
