//! Latent values of the heads, and the answers that follow from them.

use candle_core::{Device, Tensor};

use super::{Bound, EnergyModel};
use crate::error::Result;
use crate::graph::Mode;
use crate::heads::Latent;
use crate::inference::search;

impl EnergyModel {
    /// All values of z, or for each answer the best one found.
    pub(super) fn latent_values(
        &self,
        bound: &Bound,
        code: &Tensor,
        y: &Tensor,
    ) -> Result<Option<Tensor>> {
        let head = bound.kind.part();
        let Some(latent) = head.latent() else {
            return Ok(None);
        };
        if let Some(values) = enumerated(latent, code.device())? {
            return Ok(Some(values));
        }
        let (z, head_network) = (latent.z.part(), bound.head_network.as_ref());
        search::latent(head, head_network, z, (code, y), self.seed).map(Some)
    }

    /// Whether answers of head `head` have values of z of their own in training: searched, or with noise.
    #[must_use]
    pub fn has_own_latents(&self, head: usize) -> bool {
        let latent = self.heads[head].kind.part().latent();
        latent.is_some_and(|latent| {
            let z = latent.z.part();
            z.noise() > 0.0 || !matches!(z.values(&Device::Cpu), Ok(Some(_)))
        })
    }

    /// The values of z (1, 1, Z, d) that every answer of head `head` is offered.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn shared_latents(&self, head: usize, device: &Device) -> Result<Option<Tensor>> {
        match self.heads[head].kind.part().latent() {
            Some(latent) => enumerated(latent, device),
            None => Ok(None),
        }
    }

    /// The predictions (N, D) at the latent values that explain answers y (N, 1, D) best: the manifold that z traces.
    ///
    /// `None` without a latent.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn traced(&self, codes: &[Tensor], y: &Tensor) -> Result<Option<Tensor>> {
        let [bound] = self.heads.as_slice() else {
            return Ok(None);
        };
        let Some(z) = self.latent_values(bound, &codes[0], y)? else {
            return Ok(None);
        };
        let (head, head_network) = (bound.kind.part(), bound.head_network.as_ref());
        let response = head.forward(head_network, &codes[0], y, Some(&z), Mode::Eval)?;
        let energies = head.energies(&codes[0], y, Some(&z), &response.tensors)?; // (N, 1, Z)
        let best: Vec<u32> = energies.argmin(2)?.flatten_all()?.to_vec1()?;
        let rows = best
            .iter()
            .enumerate()
            .map(|(row, &z)| response.tensors[0].get(row)?.get(0)?.get(z as usize));
        let rows: Vec<Tensor> = rows.collect::<candle_core::Result<_>>()?;
        Ok(Some(Tensor::stack(&rows, 0)?))
    }

    /// The answers (N, A, D) of lowest energy in closed form; `None` when there is no such form.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn closed_form(&self, codes: &[Tensor]) -> Result<Option<Tensor>> {
        let [bound] = self.heads.as_slice() else {
            return Ok(None); // a sum of energies has its own minimum
        };
        let head = bound.kind.part();
        let z = self.shared_latents(0, codes[0].device())?;
        if z.is_none() && head.latent().is_some() {
            return Ok(None); // z is searched
        }
        head.closed_form(bound.head_network.as_ref(), &codes[0], z.as_ref())
    }
}

/// The values of an enumerated latent (1, 1, Z, d); `None` when it is searched.
fn enumerated(latent: &Latent, device: &Device) -> Result<Option<Tensor>> {
    let values = latent.z.part().values(device)?;
    let shaped = values.map(|values| values.unsqueeze(0)?.unsqueeze(0));
    Ok(shaped.transpose()?)
}
