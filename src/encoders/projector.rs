//! Projector and predictor, and the one network they form with an encoder.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::ops::{BatchNorm, Linear, Prototypes, Relu};
use crate::graph::{Graph, NodeId, Op};

/// A small perceptron on top of an encoder: hidden linear layers with batch norm and ReLU, then a linear layer.
///
/// As a projector it maps features to the embedding that the loss sees (SimCLR: one hidden layer; VICReg,
/// Barlow Twins: two); as a predictor it maps one view's embedding to the other's (BYOL, SimSiam).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Projector {
    /// Widths of the hidden layers; none makes it one linear layer.
    pub hidden: Vec<usize>,
    /// Size of the embedding, or of what is compared with the prototypes.
    pub output: usize,
    /// Standardise the last layer too, by a batch norm without weight and bias (SimCLR v1 code, SimSiam).
    pub last_norm: bool,
    /// Learned directions whose cosines with the last layer are the embedding (DINO); 0 for none.
    pub prototypes: usize,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            hidden: vec![2048],
            output: 128,
            last_norm: false,
            prototypes: 0,
        }
    }
}

impl Projector {
    /// Append this head to `graph` after `x`, its parameters under `prefix`.
    fn append(&self, graph: &mut Graph, prefix: &str, mut x: NodeId) -> Result<NodeId> {
        if self.hidden.contains(&0) || self.output == 0 {
            return Err(Error::key(
                &format!("{prefix}.hidden"),
                "widths and output must be above 0",
            ));
        }
        let mut width = graph.shape(x).iter().product();
        let mut layer = 0;
        let mut name = || {
            layer += 1;
            format!("{prefix}.layers.{}", layer - 1)
        };
        for &hidden in &self.hidden {
            // A bias before a batch norm would be cancelled by it.
            x = graph.push(name(), Op::Linear(Linear::new(width, hidden, false)), &[x])?;
            x = graph.push(name(), Op::BatchNorm(BatchNorm::new(hidden)), &[x])?;
            x = graph.push(name(), Op::Relu(Relu), &[x])?;
            width = hidden;
        }
        let last = Linear::new(width, self.output, !self.last_norm);
        x = graph.push(name(), Op::Linear(last), &[x])?;
        if self.last_norm {
            x = graph.push(
                name(),
                Op::BatchNorm(BatchNorm::without_affine(self.output)),
                &[x],
            )?;
        }
        if self.prototypes > 0 {
            let last = Prototypes {
                input: self.output,
                output: self.prototypes,
            };
            x = graph.push(name(), Op::Prototypes(last), &[x])?;
        }
        Ok(x)
    }
}

/// Encoder, projector and predictor as one graph with outputs `features`, `embedding` and, with a predictor, `prediction`.
///
/// Without a projector the embedding is the features.
///
/// # Errors
/// Widths of zero.
pub fn network(
    encoder: &Graph,
    projector: Option<&Projector>,
    predictor: Option<&Projector>,
) -> Result<Graph> {
    let mut graph = Graph::new(encoder.shape(encoder.input()));
    let input = graph.input();
    let features = graph.append("encoder", encoder, input)?;
    let embedding = match projector {
        Some(head) => head.append(&mut graph, "projector", features)?,
        None => features,
    };
    graph.mark("features", features);
    graph.mark("embedding", embedding);
    if let Some(head) = predictor {
        let prediction = head.append(&mut graph, "predictor", embedding)?;
        graph.mark("prediction", prediction);
    }
    Ok(graph)
}
