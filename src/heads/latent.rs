use candle_core::{D, Tensor, Var};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::implicit::{missing, perceptron};
use super::{Continuous, Head, LatentsKind, Pulled, Response, Sides, Space, vectors};
use crate::encoders::Activation;
use crate::energies::{EnergyKind, Squared};
use crate::error::{Error, Result};
use crate::graph::{Graph, Mode, Network, NodeId};
use crate::losses::{free_energy, lowest, positive};

/// Latent variable, `E(x, y, z) = ½‖G(x, z) − y‖² + price(z)`; E(x, y) is its minimum or free energy over z.
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

impl Head for Latent {
    fn code(&self, _: &mut Graph, _: &str, features: NodeId, space: Space) -> Result<NodeId> {
        vectors(space, "latent")?;
        Ok(features)
    }

    fn second(&self, name: &str, code: usize, space: Space) -> Result<Option<Graph>> {
        let input = code + self.z.part().features();
        let name = format!("{name}.decoder");
        perceptron(&name, input, &self.hidden, space.dim(), self.activation).map(Some)
    }

    fn respond(
        &self,
        second: Option<&Network>,
        code: &Tensor,
        _: &Tensor,
        z: Option<&Tensor>,
        mode: Mode,
    ) -> Result<Response> {
        let second = second.ok_or_else(missing)?.clone();
        let z = z.ok_or_else(missing)?;
        let (n, h) = code.dims2()?;
        let (_, k, values, d) = z.dims4()?;
        let leaf = Var::from_tensor(&z.broadcast_as((n, k, values, d))?.contiguous()?)?;
        let features = self.z.part().decoded(leaf.as_tensor())?;
        let width = features.dim(D::Minus1)?;
        let rows = n * k * values;
        let wide = code
            .reshape((n, 1, 1, h))?
            .broadcast_as((n, k, values, h))?;
        let input = Tensor::cat(&[&wide, &features.detach()], 3)?.reshape((rows, h + width))?;
        let input = Var::from_tensor(&input)?;
        let forward = second.forward(&input, mode)?;
        let prediction = forward.outputs[0].reshape((n, k, values, ()))?;
        let tape = forward.tape;
        Ok(Response {
            tensors: vec![prediction],
            pull: Box::new(move |gradients| {
                let upstream = gradients[0].as_ref().map(|g| g.reshape((rows, ())));
                let mut pulled = second.backward(tape, &[upstream.transpose()?])?;
                let Some(by_input) = pulled.input.take() else {
                    return Ok(Pulled {
                        gradients: pulled,
                        ..Pulled::default()
                    });
                };
                let by_input = by_input.reshape((n, k, values, h + width))?;
                let by_features = by_input.narrow(3, h, width)?;
                let store = (features * by_features)?.sum_all()?.backward()?;
                Ok(Pulled {
                    gradients: pulled,
                    code: Some(by_input.narrow(3, 0, h)?.sum((1, 2))?),
                    y: None,
                    z: store.get(&leaf).cloned(),
                })
            }),
        })
    }

    fn energies(
        &self,
        _: &Tensor,
        y: &Tensor,
        z: Option<&Tensor>,
        response: &[Tensor],
    ) -> Result<Tensor> {
        let (n, k, d) = y.dims3()?;
        let prediction = response.first().ok_or_else(missing)?;
        let values = prediction.dim(2)?;
        let offered = prediction
            .broadcast_as((n, k, values, d))?
            .reshape((n * k, values, d))?;
        let energies = self
            .energy
            .part()
            .energy(&y.reshape((n * k, d))?, &offered)?;
        let energies = energies.reshape((n, k, values))?;
        match self.z.part().price(z.ok_or_else(missing)?)? {
            Some(price) => Ok(energies.broadcast_add(&price)?),
            None => Ok(energies),
        }
    }

    fn range(&self, code: usize) -> (f64, f64) {
        let (low, high) = self.energy.part().range(code);
        match self.reduce {
            Reduce::FreeEnergy => (f64::NEG_INFINITY, high), // a sum can fall below its lowest term
            Reduce::Min | Reduce::MeanFreeEnergy => (low, high),
        }
    }

    fn sides(&self) -> Sides {
        Sides::OnlyX
    }

    fn latent(&self) -> Option<&Latent> {
        Some(self)
    }

    fn closed_form(
        &self,
        second: Option<&Network>,
        code: &Tensor,
        z: Option<&Tensor>,
    ) -> Result<Option<Tensor>> {
        let (n, _) = code.dims2()?;
        let response = self.respond(second, code, code, z, Mode::Eval)?;
        let prediction = response.tensors.first().ok_or_else(missing)?;
        Ok(Some(prediction.reshape((n, prediction.dim(2)?, ()))?))
    }

    fn validate(&self) -> Result<()> {
        self.z.part().validate()?;
        positive("head.beta", self.beta)?;
        if let Some(beta) = self.beta_start {
            positive("head.beta_start", beta)?;
        }
        if !self.energy.part().is_distance() {
            return Err(Error::key(
                "head.energy.kind",
                "a latent head compares predictions with answers by squared, l1 or euclidean",
            ));
        }
        Ok(())
    }

    fn warning(&self, space: Space) -> Option<String> {
        self.z.part().warning(space.dim())
    }
}
