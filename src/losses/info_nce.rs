use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Energies, Loss, Margin, Nll, positive};
use crate::error::Result;

/// InfoNCE, the nll at beta = 1/temperature times beta: `−log exp(−E_C/τ) / Σ_y exp(−E(y)/τ)`.
///
/// Energies (N, P), (N, K) to (N,). Over cosine energies and in-batch negatives of both views it is the
/// NT-Xent of SimCLR (Chen et al. 2020, eq. 1); over a queue that of MoCo. Temperatures of 0.1 to 0.5 are
/// usual; a lower one looks harder at the nearest wrong answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InfoNce {
    /// τ, above 0.
    pub temperature: f64,
}

impl Default for InfoNce {
    fn default() -> Self {
        Self { temperature: 0.5 }
    }
}

impl InfoNce {
    fn nll(self) -> Nll {
        Nll {
            beta: 1.0 / self.temperature,
        }
    }
}

impl Loss for InfoNce {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        Ok((self.nll().forward(energies)? * self.nll().beta)?)
    }

    fn margin(&self) -> Margin {
        self.nll().margin()
    }

    fn beta(&self) -> Option<f64> {
        Some(self.nll().beta)
    }

    fn floor(&self, answers: usize) -> Option<f64> {
        Some((answers as f64).ln())
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.temperature", self.temperature)
    }
}
