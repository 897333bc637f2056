//! Gradients of an objective, pulled back chunk by chunk.

use candle_core::{Tensor, Var};

use crate::error::{Error, Result};
use crate::graph::{Gradients, Mode};
use crate::objectives::{Batch, Embedded, Objective};
use crate::params::Params;

/// What one step computes before the optimizer acts.
pub struct Computed {
    /// The loss on the whole batch.
    pub loss: f64,
    /// The objective's other numbers.
    pub metrics: Vec<(&'static str, f64)>,
    /// d loss / d parameter.
    pub gradients: Gradients,
}

/// Loss and gradients of `objective` on `batch`, embedded in `chunks` parts.
///
/// With one chunk the network runs once. With more, each chunk runs twice, first for its embedding, then
/// again to pull its part of the gradient back, so that only one chunk's activations are alive at a time
/// (gradient caching, Gao et al. 2021). The loss always sees the whole batch: the gradient is that of the
/// whole batch for every loss, except that batch norm takes its statistics chunk by chunk.
///
/// # Errors
/// More chunks than samples, or a tensor operation failed.
pub fn gradients(
    objective: &dyn Objective,
    batch: &Batch,
    chunks: usize,
    params: &Params,
) -> Result<Computed> {
    let parts = split(batch, chunks)?;
    if let [only] = parts.as_slice() {
        let embedded = objective.embed(only, Mode::Train)?;
        let tensors = embedded.tensors.clone();
        return whole(objective, batch, &tensors, params, |upstream| {
            (embedded.pullback)(upstream)
        });
    }
    let mut per_chunk = Vec::new();
    for part in &parts {
        per_chunk.push(objective.embed(part, Mode::Train)?.tensors);
    }
    let joined: Vec<Tensor> = (0..per_chunk[0].len())
        .map(|t| {
            let column: Vec<&Tensor> = per_chunk.iter().map(|tensors| &tensors[t]).collect();
            Tensor::cat(&column, 0)
        })
        .collect::<candle_core::Result<_>>()?;
    whole(objective, batch, &joined, params, |upstream| {
        let mut total = Gradients::default();
        let mut start = 0;
        for part in &parts {
            let own = narrow(upstream, start, part.len())?;
            let Embedded { pullback, .. } = objective.embed(part, Mode::Recompute)?;
            total.accumulate(pullback(&own)?)?;
            start += part.len();
        }
        Ok(total)
    })
}

/// The whole-batch half on detached `tensors`, and the way back through `pull`.
fn whole(
    objective: &dyn Objective,
    batch: &Batch,
    tensors: &[Tensor],
    params: &Params,
    pull: impl FnOnce(&[Option<Tensor>]) -> Result<Gradients>,
) -> Result<Computed> {
    let leaves: Vec<Var> = tensors
        .iter()
        .map(Var::from_tensor)
        .collect::<candle_core::Result<_>>()?;
    let inputs: Vec<Tensor> = leaves.iter().map(|leaf| leaf.as_tensor().clone()).collect();
    let step = objective.loss(&inputs, batch)?;
    let loss = f64::from(step.loss.to_scalar::<f32>()?);
    let metrics = step
        .metrics
        .iter()
        .map(|(name, value)| Ok((*name, f64::from(value.to_scalar::<f32>()?))))
        .collect::<Result<_>>()?;
    let store = step.loss.backward()?;
    let upstream: Vec<Option<Tensor>> = inputs.iter().map(|x| store.get(x).cloned()).collect();
    let mut gradients = pull(&upstream)?;
    for param in params.trainable() {
        if let Some(direct) = store.get(&param.var) {
            gradients.add(param.name, direct.clone())?;
        }
    }
    Ok(Computed {
        loss,
        metrics,
        gradients,
    })
}

/// `batch` in `chunks` parts whose sizes differ by one at most.
fn split(batch: &Batch, chunks: usize) -> Result<Vec<Batch>> {
    if chunks == 0 || chunks > batch.len() {
        return Err(Error::key(
            "train.chunks",
            format!(
                "{chunks} chunks cannot be made of a batch of {}; use 1 to {}",
                batch.len(),
                batch.len()
            ),
        ));
    }
    let mut start = 0;
    (0..chunks)
        .map(|i| {
            let end = batch.len() * (i + 1) / chunks;
            let part = batch.slice(start, end - start);
            start = end;
            part
        })
        .collect()
}

fn narrow(upstream: &[Option<Tensor>], start: usize, count: usize) -> Result<Vec<Option<Tensor>>> {
    upstream
        .iter()
        .map(|gradient| match gradient {
            Some(gradient) => Ok(Some(gradient.narrow(0, start, count)?)),
            None => Ok(None),
        })
        .collect()
}
