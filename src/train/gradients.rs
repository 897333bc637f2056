//! Gradients of an objective, pulled back chunk by chunk.

use candle_core::{Tensor, Var};

use crate::error::{Error, Result};
use crate::graph::{Draws, Gradients, Mode};
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
/// whole batch for every loss, except that batch norm takes its statistics chunk by chunk. What ops of the network draw
/// follows from the seed of `params`, the step of `batch` and the place of each sample in it.
///
/// # Errors
/// More chunks than samples, or a tensor operation failed.
pub fn gradients(
    objective: &dyn Objective,
    batch: &Batch,
    chunks: usize,
    params: &Params,
) -> Result<Computed> {
    let parts = split(batch, chunks, params.seed())?;
    if let [(only, draws)] = parts.as_slice() {
        let embedded = objective.embed(only, Mode::Train(Some(*draws)))?;
        let tensors = embedded.tensors.clone();
        return whole(objective, batch, &tensors, params, |upstream| {
            (embedded.pullback)(upstream)
        });
    }
    let mut per_chunk = Vec::new();
    for (part, draws) in &parts {
        per_chunk.push(objective.embed(part, Mode::Train(Some(*draws)))?.tensors);
    }
    let joined: Vec<Tensor> = (0..per_chunk[0].len())
        .map(|t| {
            let column: Vec<&Tensor> = per_chunk.iter().map(|tensors| &tensors[t]).collect();
            Tensor::cat(&column, 0)
        })
        .collect::<candle_core::Result<_>>()?;
    whole(objective, batch, &joined, params, |upstream| {
        let mut total = Gradients::default();
        for (part, draws) in &parts {
            let own = narrow(upstream, draws.first, part.len())?;
            let Embedded { pullback, .. } = objective.embed(part, Mode::Recompute(Some(*draws)))?;
            total.accumulate(pullback(&own)?)?;
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

/// `batch` in `chunks` parts whose sizes differ by one at most, with what their samples draw from.
fn split(batch: &Batch, chunks: usize, seed: u64) -> Result<Vec<(Batch, Draws)>> {
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
    (0..chunks)
        .map(|i| {
            let (first, end) = (batch.len() * i / chunks, batch.len() * (i + 1) / chunks);
            let draws = Draws {
                first,
                ..Draws::whole(seed, batch.step, end - first)
            };
            Ok((batch.slice(first, draws.samples)?, draws))
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
