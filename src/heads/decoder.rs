//! The head of a latent variable: a network G from features and z to a prediction.

use candle_core::{D, Tensor, Var};

use super::head::{Head, Sides};
use super::latent::{Latent, Reduce};
use super::perceptron::{missing, perceptron};
use super::response::{HeadGradients, HeadOutput};
use super::space::{Space, vectors};
use crate::error::{Error, Result};
use crate::graph::{Graph, Mode, Network, NodeId};
use crate::ranges::positive;

impl Head for Latent {
    fn code(&self, _: &mut Graph, _: &str, features: NodeId, space: Space) -> Result<NodeId> {
        vectors(space, "latent")?;
        Ok(features)
    }

    fn head_network(&self, name: &str, code: usize, space: Space) -> Result<Option<Graph>> {
        let input = code + self.z.part().features();
        let name = format!("{name}.decoder");
        perceptron(&name, input, &self.hidden, space.dim(), self.activation).map(Some)
    }

    fn forward(
        &self,
        head_network: Option<&Network>,
        code: &Tensor,
        _: &Tensor,
        z: Option<&Tensor>,
        mode: Mode,
    ) -> Result<HeadOutput> {
        let head_network = head_network.ok_or_else(missing)?.clone();
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
        let forward = head_network.forward(&input, mode)?;
        let prediction = forward.outputs[0].reshape((n, k, values, ()))?;
        let tape = forward.tape;
        Ok(HeadOutput {
            tensors: vec![prediction],
            pull: Box::new(move |gradients| {
                let upstream = gradients[0].as_ref().map(|g| g.reshape((rows, ())));
                let mut pulled = head_network.backward(tape, &[upstream.transpose()?])?;
                let Some(by_input) = pulled.input.take() else {
                    return Ok(HeadGradients {
                        gradients: pulled,
                        ..HeadGradients::default()
                    });
                };
                let by_input = by_input.reshape((n, k, values, h + width))?;
                let by_features = by_input.narrow(3, h, width)?;
                let store = (features * by_features)?.sum_all()?.backward()?;
                Ok(HeadGradients {
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
        match self.z.part().penalty(z.ok_or_else(missing)?)? {
            Some(penalty) => Ok(energies.broadcast_add(&penalty)?),
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
        head_network: Option<&Network>,
        code: &Tensor,
        z: Option<&Tensor>,
    ) -> Result<Option<Tensor>> {
        let (n, _) = code.dims2()?;
        let response = self.forward(head_network, code, code, z, Mode::Eval)?;
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
