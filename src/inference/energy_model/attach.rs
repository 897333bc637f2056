//! Heads on the features of an encoder: what each needs of x becomes an output of the graph.

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::heads::{HeadKind, Space};

/// The graph with the code of every head marked as an output.
///
/// # Errors
/// The graph has no output `features`, or a head does not fit it.
pub fn attach(mut graph: Graph, heads: &[HeadKind], space: Space) -> Result<Graph> {
    let features = graph
        .output("features")
        .ok_or_else(|| Error::Failed("the encoder has no output `features`".into()))?;
    let features = graph.outputs()[features].1;
    for (i, kind) in heads.iter().enumerate() {
        kind.part().validate()?;
        let name = name(i, heads.len());
        let code = kind.part().code(&mut graph, &name, features, space)?;
        graph.mark(&code_name(i), code);
    }
    Ok(graph)
}

pub(super) fn code_name(head: usize) -> String {
    format!("code{head}")
}

/// The prefix of a head's parameters.
pub(super) fn name(head: usize, heads: usize) -> String {
    if heads == 1 {
        "head".into()
    } else {
        format!("heads.{head}")
    }
}
