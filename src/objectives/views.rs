//! Views of several sizes through one network.

use std::ops::Range;

use candle_core::Tensor;

use super::batch::Batch;
use super::objective::Pullback;
use crate::error::Result;
use crate::graph::{Gradients, Mode, Network};

/// Runs of views of the same shape. Those of the network's own shape, the full ones, come first.
pub(super) fn runs(inputs: &[Tensor]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (view, input) in inputs.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if inputs[run.start].dims() == input.dims() => run.end += 1,
            _ => runs.push(view..view + 1),
        }
    }
    runs
}

/// How many views have the full size.
pub(super) fn full(batch: &Batch) -> usize {
    runs(&batch.inputs).first().map_or(0, |run| run.end)
}

/// The outputs numbered `outputs` of all views, one (B, D) tensor each: all views of the first output, then of the
/// second. Views of one size pass together, so that batch norm sees them together as in SimCLR.
pub(super) fn embed(
    network: &Network,
    batch: &Batch,
    outputs: &[usize],
    mode: Mode,
) -> Result<(Vec<Tensor>, Pullback)> {
    let (views, rows) = (batch.inputs.len(), batch.len());
    let mut tensors = vec![Vec::with_capacity(views); outputs.len()];
    let mut tapes = Vec::new();
    for run in runs(&batch.inputs) {
        let x = Tensor::cat(&batch.inputs[run.clone()], 0)?;
        let network = network.at(&x.dims()[1..])?;
        let forward = network.forward(&x, mode.from_view(run.start))?;
        for (tensors, &output) in tensors.iter_mut().zip(outputs) {
            for view in 0..run.len() {
                tensors.push(forward.outputs[output].narrow(0, view * rows, rows)?);
            }
        }
        tapes.push((run, network, forward.tape, forward.outputs.len()));
    }
    let outputs = outputs.to_vec();
    let pullback = move |gradients: &[Option<Tensor>]| -> Result<Gradients> {
        let mut total = Gradients::default();
        for (run, network, tape, count) in tapes {
            let mut of_outputs = vec![None; count];
            for (&output, of_views) in outputs.iter().zip(gradients.chunks_exact(views)) {
                of_outputs[output] = join(&of_views[run.clone()])?;
            }
            total.accumulate(network.backward(tape, &of_outputs)?)?;
        }
        Ok(total)
    };
    Ok((tensors.concat(), Box::new(pullback)))
}

/// The gradients of all views as one tensor; `None` when the loss looked at none of them.
fn join(of_views: &[Option<Tensor>]) -> Result<Option<Tensor>> {
    let Some(like) = of_views.iter().flatten().next() else {
        return Ok(None);
    };
    let parts = of_views
        .iter()
        .map(|gradient| gradient.clone().map_or_else(|| like.zeros_like(), Ok))
        .collect::<candle_core::Result<Vec<_>>>()?;
    Ok(Some(Tensor::cat(&parts, 0)?))
}
