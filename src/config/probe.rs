//! What is looked at while a run goes on, and at its end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, require};
use crate::eval::knn::LOWEST_TEMPERATURE;

/// Online probes on the validation part, and the final probe on the test part.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeConfig {
    /// Epochs between online probes, fractions allowed; 0 for none but the last.
    pub every: f64,
    /// Neighbours that vote.
    pub k: usize,
    /// Temperature of the votes.
    pub temperature: f64,
    /// Images of the training part in the online probe's bank.
    pub bank: usize,
    /// Images of the validation part asked by the online probe.
    pub queries: usize,
    /// Labels that the final logistic probe sees of each class; 0 for all.
    pub labels_per_class: usize,
    /// Draws of those labels.
    pub seeds: u64,
    /// Weight of ‖W‖² in the logistic probe; scikit-learn's `C = 1/(2·l2·N)`, on two classes `1/(l2·N)`.
    pub l2: f64,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            every: 1.0,
            k: 200,
            temperature: 0.1,
            bank: 5000,
            queries: 2000,
            labels_per_class: 10,
            seeds: 5,
            l2: 1e-4,
        }
    }
}

impl ProbeConfig {
    pub(super) fn validate(&self) -> Result<()> {
        require(
            "probe.every",
            self.every >= 0.0 && self.every.is_finite(),
            "must be 0 or more",
        )?;
        require("probe.k", self.k > 0, "must be 1 or more")?;
        require(
            "probe.temperature",
            self.temperature >= LOWEST_TEMPERATURE,
            "must be at least 1/600",
        )?;
        require("probe.bank", self.bank > 0, "must be 1 or more")?;
        require("probe.queries", self.queries > 1, "must be 2 or more")?;
        require("probe.seeds", self.seeds > 0, "must be 1 or more")?;
        require("probe.l2", self.l2 >= 0.0, "must be 0 or more")
    }
}
