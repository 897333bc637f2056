//! The target branch: a slowly following copy of the network that answers.

use candle_core::{Tensor, Var};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::{Mode, Network};
use crate::host;
use crate::params::Param;
use crate::ranges::share;

/// A target branch that follows the trained network: after every step `target = m · target + (1 − m) · online`.
///
/// m goes from `momentum` to `end` by `end − (end − momentum)(1 + cos(π·k/K))/2`, k/K the share of the training done.
/// The answers of all pairs come from it, without gradient: with `queue` negatives MoCo (He et al. 2020), with a
/// predictor and no negatives BYOL (Grill et al. 2020), with `center` and the energy `cross_entropy` DINO (Caron et al.
/// 2021). It is saved with the run. Choose 0.99 to 0.999; the shorter the run, the lower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MomentumEncoder {
    /// Share of the target kept at the first step, in [0, 1].
    pub momentum: f64,
    /// That share at the last step, in [0, 1]; the same for MoCo, 1 for BYOL.
    pub end: f64,
    /// Momentum, in [0, 1), of the running mean that is taken off the answers (DINO: 0.9); left out: nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "centre")]
    pub center: Option<f64>,
}

impl Default for MomentumEncoder {
    fn default() -> Self {
        Self {
            momentum: 0.99,
            end: 0.99,
            center: None,
        }
    }
}

impl MomentumEncoder {
    /// m when the share `progress` of the training is done.
    #[must_use]
    pub fn at(&self, progress: f64) -> f64 {
        let left = f64::midpoint(1.0, (std::f64::consts::PI * progress).cos());
        self.end - (self.end - self.momentum) * left
    }

    fn validate(&self) -> Result<()> {
        for (key, value) in [("momentum", self.momentum), ("end", self.end)] {
            share(&format!("target.{key}"), value)?;
        }
        Ok(())
    }
}

/// The copy with what it follows.
pub(super) struct Target {
    network: Network,
    followed: Vec<(Var, Var)>, // (target, online)
    momentum: MomentumEncoder,
}

impl Target {
    /// A copy of `online` up to its embedding; the copy's values are saved with the others, as `target.…`.
    pub(super) fn new(online: &Network, momentum: MomentumEncoder) -> Result<Self> {
        momentum.validate()?;
        let graph = online.graph().until("embedding")?;
        let specs = graph.parameters();
        let copies = online.params().copies(&specs, "target.")?;
        let trained = copies.all().into_iter().filter(Param::trainable);
        let followed = trained.filter_map(|copy| {
            let original = online.params().get(&copy.name)?;
            Some((copy.var, original.var))
        });
        Ok(Self {
            followed: followed.collect(),
            network: online.with_params(graph, copies),
            momentum,
        })
    }

    /// Embeddings of `x`, without gradient; answers are given by the whole network, of which nothing is dropped (DINO's
    /// teacher).
    pub(super) fn embed(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut outputs = self.network.forward(x, mode.undrawn())?.outputs;
        let position = self.network.graph().output("embedding").unwrap_or_default();
        Ok(outputs.swap_remove(position).detach())
    }

    /// Move towards the trained network.
    pub(super) fn follow(&self, progress: f64) -> Result<()> {
        let keep = self.momentum.at(progress);
        for (target, online) in &self.followed {
            host::approach(target, online, keep)?;
        }
        Ok(())
    }
}
