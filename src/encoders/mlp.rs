use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Activation, Encoder};
use crate::error::{Error, Result};
use crate::graph::ops::{Flatten, Linear};
use crate::graph::{Graph, NodeId, Op};

/// A multilayer perceptron over vectors, or over flattened images.
///
/// Hidden layers with an activation each, then a linear layer to `output` features. Choose it for vectors, or
/// as the simplest thing that could work on tiny images.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mlp {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Number of features; 0 takes those of the last hidden layer, without a linear layer after it.
    pub output: usize,
    /// Between the layers: `relu`, `tanh` or `gelu`.
    pub activation: Activation,
}

impl Default for Mlp {
    fn default() -> Self {
        Self {
            hidden: vec![256],
            output: 128,
            activation: Activation::Relu,
        }
    }
}

impl Encoder for Mlp {
    fn takes_rows(&self) -> bool {
        true
    }

    fn graph(&self, input: &[usize]) -> Result<Graph> {
        if self.hidden.contains(&0) || (self.output == 0 && self.hidden.is_empty()) {
            return Err(Error::key(
                "encoder.hidden",
                "widths must be above 0, and `output = 0` needs a hidden layer to take",
            ));
        }
        let mut graph = Graph::new(input);
        let mut x: NodeId = graph.input();
        if input.len() > 1 {
            x = graph.push("flatten", Op::Flatten(Flatten), &[x])?;
        }
        let mut width = input.iter().product();
        for (i, &hidden) in self.hidden.iter().enumerate() {
            let n = i + 1;
            x = graph.push(
                format!("fc{n}"),
                Op::Linear(Linear::new(width, hidden, true)),
                &[x],
            )?;
            let name = format!("{}{n}", self.activation.name());
            x = graph.push(name, self.activation.op(), &[x])?;
            width = hidden;
        }
        if self.output > 0 {
            let last = Linear::new(width, self.output, true);
            let name = format!("fc{}", self.hidden.len() + 1);
            x = graph.push(name, Op::Linear(last), &[x])?;
        }
        graph.mark("features", x);
        Ok(graph)
    }
}
