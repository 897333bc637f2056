use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::z::{Continuous, LatentsKind};
use crate::encoders::Activation;
use crate::energies::{EnergyKind, Squared};
use crate::error::Result;
use crate::losses::{free_energy, lowest};

/// Latent variable, `E(x, y, z) = ½‖G(x, z) − y‖² + R(z)`; E(x, y) is its minimum or free energy over z.
///
/// Features (B, F) and z go through a perceptron G to a prediction: answers (B, K, D) to energies (B, K, Z), then
/// (B, K). Each value of z gives one prediction, so a set of z gives a set of answers. Errors: answers that are classes; an
/// energy that is no distance; a beta of 0 or less; what z refuses.
///
/// Source: LeCun et al. 2006, sections 4 and 4.2. Choose it when several answers are right and a decoder should draw them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Latent {
    /// What z can be.
    pub z: LatentsKind,
    /// What compares a prediction with an answer.
    pub energy: EnergyKind,
    /// Widths of the hidden layers of G; none makes it linear.
    pub hidden: Vec<usize>,
    /// Between the layers of G.
    pub activation: Activation,
    /// What is made of the energies of all z: `min`, `free_energy`, or `mean_free_energy` (the mean over z).
    pub reduce: Reduce,
    /// Inverse temperature of the free energy at the end of training, above 0.
    pub beta: f64,
    /// Inverse temperature at its start, from which it rises geometrically; left out: as at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta_start: Option<f64>,
}

/// What is made of the energies of all values of z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reduce {
    /// `min_z E`.
    #[default]
    Min,
    /// `−(1/beta) log ∫ exp(−beta E) dz`; a sum over values that are counted.
    FreeEnergy,
    /// `−(1/beta) log mean_z exp(−beta E)`: never below the minimum, and independent of the number of values.
    MeanFreeEnergy,
}

impl Default for Latent {
    fn default() -> Self {
        Self {
            z: LatentsKind::Continuous(Continuous::default()),
            energy: EnergyKind::Squared(Squared::default()),
            hidden: vec![32],
            activation: Activation::Tanh,
            reduce: Reduce::Min,
            beta: 10.0,
            beta_start: None,
        }
    }
}

impl Latent {
    /// Energies (N, K, Z) to (N, K), when the share `progress` of the training is done.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn reduced(&self, energies: &Tensor, progress: f64) -> Result<Tensor> {
        let beta = self.beta_at(progress);
        let values = energies.dim(D::Minus1)?;
        match self.reduce {
            Reduce::Min => lowest(energies),
            Reduce::FreeEnergy => free_energy(energies, beta, self.z.part().volume()),
            Reduce::MeanFreeEnergy => free_energy(energies, beta, 1.0 / values as f64),
        }
    }

    /// The inverse temperature when the share `progress` of the training is done.
    #[must_use]
    pub fn beta_at(&self, progress: f64) -> f64 {
        let start = self.beta_start.unwrap_or(self.beta);
        start * (self.beta / start).powf(progress)
    }
}
