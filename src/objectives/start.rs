//! The encoder as it was at the start, for what holds features near those it made.

use candle_core::Tensor;

use super::batch::Batch;
use super::views;
use crate::error::{Error, Result};
use crate::graph::{Mode, Network};

/// A copy of the encoder that stays as it is; its values are saved with the others, as `start.…`.
pub(super) struct Start {
    network: Network,
    features: usize,
}

impl Start {
    /// The features of `online` as it is now.
    pub(super) fn new(online: &Network) -> Result<Self> {
        let graph = online.graph().until("features")?;
        let features = features(online)?;
        let copies = online.params().copies(&graph.parameters(), "start.")?;
        copies.freeze(|_| true);
        Ok(Self {
            network: online.with_params(graph, copies),
            features,
        })
    }

    /// The features of all views, without gradient; normalised by the batch where the trained encoder is, whose features
    /// they equal at the start.
    pub(super) fn embed(&self, batch: &Batch, mode: Mode) -> Result<Vec<Tensor>> {
        let mode = match mode {
            Mode::Eval => Mode::Eval,
            _ => Mode::Recompute(None), // running statistics stay
        };
        let (features, _) = views::embed(&self.network, batch, &[self.features], mode)?;
        Ok(features)
    }
}

/// Where the features of `network` are among its outputs.
pub(super) fn features(network: &Network) -> Result<usize> {
    let position = network.graph().output("features");
    position.ok_or_else(|| Error::Failed("the network has no output `features`".into()))
}
