//! Energies of answers, by the two halves of every head, and their slopes.

use candle_core::{Tensor, Var};

use super::{EnergyModel, HeadForward};
use crate::error::{Error, Result};
use crate::graph::Mode;

impl EnergyModel {
    /// Latent values and responses of each head for answers y (N, K, D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn heads_forward(
        &self,
        codes: &[Tensor],
        y: &Tensor,
        mode: Mode,
        noise: &dyn Fn(&Tensor, f64) -> Result<Tensor>,
    ) -> Result<Vec<HeadForward>> {
        let heads = self.heads.iter().zip(codes);
        heads
            .map(|(bound, code)| {
                let (head, head_network) = (bound.kind.part(), bound.head_network.as_ref());
                let mut z = self.latent_values(bound, code, y)?;
                if let (Some(values), Some(latent)) = (&mut z, head.latent()) {
                    let std = latent.z.part().noise();
                    if std > 0.0 && mode != Mode::Eval {
                        *values = noise(values, std)?;
                    }
                }
                let response = head.forward(head_network, code, y, z.as_ref(), mode)?;
                Ok(HeadForward { z, response })
            })
            .collect()
    }

    /// Energies (N, K) of answers y (N, K, D) from codes, latent values and responses, by operations with a
    /// gradient; (N, C) of all classes where answers are classes.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn combine(
        &self,
        y: &Tensor,
        parts: &[(Tensor, Option<Tensor>, Vec<Tensor>)],
        progress: f64,
    ) -> Result<Tensor> {
        let mut total: Option<Tensor> = None;
        for (bound, (code, z, response)) in self.heads.iter().zip(parts) {
            let head = bound.kind.part();
            let mut energies = head.energies(code, y, z.as_ref(), response)?;
            if let Some(latent) = head.latent() {
                energies = latent.reduced(&energies, progress)?;
            }
            total = Some(match total {
                Some(sum) => (sum + energies)?,
                None => energies,
            });
        }
        total.ok_or_else(|| Error::Failed("there is no head".into()))
    }

    /// Energies (N, K) of answers y (N, K, D), or (N, C) of all classes; values only.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn energies(&self, codes: &[Tensor], y: &Tensor) -> Result<Tensor> {
        let silent = |z: &Tensor, _: f64| Ok(z.clone());
        let answered = self.heads_forward(codes, y, Mode::Eval, &silent)?;
        let parts = answered.into_iter().zip(codes);
        let parts: Vec<_> = parts
            .map(|(answered, code)| (code.clone(), answered.z, answered.response.tensors))
            .collect();
        Ok(self.combine(y, &parts, 1.0)?.detach())
    }

    /// Energies (N, C) of all classes for codes; values only.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn table(&self, codes: &[Tensor]) -> Result<Tensor> {
        self.energies(codes, &codes[0])
    }

    /// Energies (N, K) of y (N, K, D), and their gradient by y (N, K, D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn slope(&self, codes: &[Tensor], y: &Tensor) -> Result<(Tensor, Tensor)> {
        let leaf = Var::from_tensor(y)?;
        let silent = |z: &Tensor, _: f64| Ok(z.clone());
        let mut pulls = Vec::new();
        let mut parts = Vec::new();
        let answered = self.heads_forward(codes, y, Mode::Recompute(None), &silent)?;
        for (answered, code) in answered.into_iter().zip(codes) {
            let leaves = leaves(&answered.response.tensors)?;
            pulls.push((leaves.clone(), answered.response.pull));
            parts.push((code.clone(), answered.z, leaves));
        }
        let energies = self.combine(leaf.as_tensor(), &parts, 1.0)?;
        let store = energies.sum_all()?.backward()?;
        let mut slope = match store.get(&leaf) {
            Some(direct) => direct.clone(),
            None => y.zeros_like()?,
        };
        for (leaves, pull) in pulls {
            let upstream: Vec<Option<Tensor>> =
                leaves.iter().map(|x| store.get(x).cloned()).collect();
            if let Some(more) = pull(&upstream)?.y {
                slope = (slope + more)?;
            }
        }
        Ok((energies.detach(), slope))
    }
}

/// Fresh variables with these values.
fn leaves(tensors: &[Tensor]) -> Result<Vec<Tensor>> {
    let leaf = |tensor: &Tensor| Ok(Var::from_tensor(tensor)?.as_tensor().clone());
    tensors.iter().map(leaf).collect()
}
