//! An encoder with its heads: E(x, y) as one function, for training, for inference and for pictures.

use std::sync::Arc;

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::{Executor, Forward, Graph, Mode, Network};
use crate::heads::{Head, HeadKind, HeadOutput, Sides, Space};
use crate::params::Params;

mod attach;
mod energies;
mod latents;

pub use attach::attach;
use attach::{code_name, name};

/// E(x, y), the sum over heads of their energies; a latent is minimised or summed away.
///
/// Cloning shares parameters and executors. With a frozen encoder, [`EnergyModel::features`] runs it without a
/// gradient and with its running statistics.
#[derive(Clone)]
pub struct EnergyModel {
    frozen: Option<Network>,
    network: Network,
    heads: Vec<Bound>,
    space: Space,
    seed: u64,
}

/// A head with its place and its second network.
#[derive(Clone)]
struct Bound {
    kind: HeadKind,
    output: usize,
    head_network: Option<Network>,
}

/// Latent values of one head, and what its second network answered.
pub struct HeadForward {
    /// (1 or N, 1 or K, Z, d); `None` without a latent.
    pub z: Option<Tensor>,
    /// Detached tensors and the way back.
    pub response: HeadOutput,
}

impl EnergyModel {
    /// Put `heads` on the output `features` of `graph`, create all parameters and bind everything.
    ///
    /// `frozen` maps inputs to the inputs of `graph` and never learns.
    ///
    /// # Errors
    /// Heads that do not fit the features or the answers, or settings out of range.
    pub fn new(
        frozen: Option<Network>,
        graph: Graph,
        heads: &[HeadKind],
        space: Space,
        (params, executor): (&Params, &Arc<dyn Executor>),
        seed: u64,
    ) -> Result<Self> {
        let graph = attach(graph, heads, space)?;
        let mut bound = Vec::new();
        for (i, kind) in heads.iter().enumerate() {
            let output = graph
                .output(&code_name(i))
                .ok_or_else(|| Error::Failed("a head has no code".into()))?;
            let code = graph.shape(graph.outputs()[output].1)[0];
            let head_network = kind
                .part()
                .head_network(&name(i, heads.len()), code, space)?;
            let head_network =
                head_network.map(|graph| Network::new(graph, params, executor.clone()));
            bound.push(Bound {
                kind: kind.clone(),
                output,
                head_network: head_network.transpose()?,
            });
        }
        Ok(Self {
            frozen,
            network: Network::new(graph, params, executor.clone())?,
            heads: bound,
            space,
            seed,
        })
    }

    /// What answers are made of.
    #[must_use]
    pub fn space(&self) -> Space {
        self.space
    }

    /// The network from inputs (of a frozen encoder: features) to codes.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The heads.
    pub fn heads(&self) -> impl Iterator<Item = &dyn Head> {
        self.heads
            .iter()
            .map(|bound| bound.kind.part() as &dyn Head)
    }

    /// Lowest and highest energy of the sum of the heads.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let ranges = self.heads.iter().map(|bound| {
            let graph = self.network.graph();
            let code = graph.shape(graph.outputs()[bound.output].1)[0];
            bound.kind.part().range(code)
        });
        ranges.fold((0.0, 0.0), |sum, r| (sum.0 + r.0, sum.1 + r.1))
    }

    /// Which sides of the energy are learned, a frozen encoder aside.
    #[must_use]
    pub fn sides(&self) -> Sides {
        if self.heads().any(|head| head.sides() == Sides::Both) {
            Sides::Both
        } else {
            Sides::OnlyX
        }
    }

    /// Inputs as the network takes them: those of a frozen encoder are its features.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn features(&self, x: &Tensor) -> Result<Tensor> {
        match &self.frozen {
            Some(encoder) => encoder.eval(x, "features"),
            None => Ok(x.clone()),
        }
    }

    /// Run the network on what [`EnergyModel::features`] gave; [`EnergyModel::pick`] finds the codes.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn forward(&self, features: &Tensor, mode: Mode) -> Result<Forward> {
        self.network.forward(features, mode)
    }

    /// The code of each head among the outputs of the network.
    #[must_use]
    pub fn pick(&self, outputs: &[Tensor]) -> Vec<Tensor> {
        let places = self.heads.iter().map(|bound| bound.output);
        places.map(|place| outputs[place].clone()).collect()
    }

    /// Places of the codes among the outputs.
    #[must_use]
    pub fn places(&self) -> Vec<usize> {
        self.heads.iter().map(|bound| bound.output).collect()
    }

    /// The code (N, H) of each head for inputs x, with running statistics.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn codes(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let forward = self.forward(&self.features(x)?, Mode::Eval)?;
        Ok(self.pick(&forward.outputs))
    }

    /// Tensors in a response of head `head`.
    #[must_use]
    pub fn responses(&self, head: usize) -> usize {
        usize::from(self.heads[head].head_network.is_some())
    }
}
