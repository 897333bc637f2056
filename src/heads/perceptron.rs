//! The second network of a head.

use crate::encoders::{Activation, Encoder, Mlp};
use crate::error::{Error, Result};
use crate::graph::Graph;

/// A perceptron from `input` numbers to an output of `output`, its parameters under `name`.
pub(super) fn perceptron(
    name: &str,
    input: usize,
    hidden: &[usize],
    output: usize,
    activation: Activation,
) -> Result<Graph> {
    if hidden.contains(&0) {
        return Err(Error::key("head.hidden", "widths must be above 0"));
    }
    let mlp = Mlp {
        hidden: hidden.to_vec(),
        output,
        activation,
    };
    let mut graph = Graph::new(&[input]);
    let start = graph.input();
    let end = graph.append(name, &mlp.graph(&[input])?, start)?;
    graph.mark("output", end);
    Ok(graph)
}

/// A head was run without its second network.
pub(super) fn missing() -> Error {
    Error::Failed("the head was run without its second network".into())
}
