//! Answers that are vectors: what is offered, its responses, its energies.

use candle_core::Tensor;

use super::proposer::Proposer;
use crate::error::{Error, Result};
use crate::graph::Mode;
use crate::heads::HeadPullback;
use crate::inference::EnergyModel;
use crate::losses::Energies;
use crate::objectives::batch::Batch;
use crate::random::{Purpose, normal, stream};

/// The way back through one head.
pub(super) struct Pull {
    /// Place of its code among the tensors.
    pub(super) code: usize,
    /// Places of its responses.
    pub(super) responses: std::ops::Range<usize>,
    /// From gradients by responses.
    pub(super) back: HeadPullback,
}

/// Noise of standard deviation `std` on latent values (1 or N, K, Z, d), drawn for each sample.
fn noisy(z: &Tensor, std: f64, batch: &Batch, seed: u64) -> Result<Tensor> {
    let (_, k, values, d) = z.dims4()?;
    let mut noise = Vec::with_capacity(batch.len() * k * values * d);
    for &sample in &batch.samples {
        let mut rng = stream(seed, Purpose::Latent, 1 + batch.step, sample, 0);
        noise.extend((0..k * values * d).map(|_| (std * normal(&mut rng)) as f32));
    }
    let noise = Tensor::from_vec(noise, (batch.len(), k, values, d), z.device())?;
    Ok(z.broadcast_add(&noise)?)
}

/// The per-example half for answers that are vectors: responses to the right answer and to wrong ones.
pub(super) fn responses(
    model: &EnergyModel,
    proposer: &Proposer,
    codes: &[Tensor],
    batch: &Batch,
    mode: Mode,
) -> Result<(Vec<Tensor>, Vec<Pull>)> {
    let right = vectors(batch, model.space().dim())?;
    let proposed = proposer.propose(model, codes, right, batch)?;
    let mut all = right.unsqueeze(1)?;
    if let Some(proposed) = &proposed {
        all = Tensor::cat(&[&all, &proposed.answers], 1)?;
    }
    let noise = |z: &Tensor, std: f64| noisy(z, std, batch, proposer.seed());
    let answered = model.heads_forward(codes, &all, mode, &noise)?;
    let (mut tensors, mut pulls) = (Vec::new(), Vec::new());
    for (head, (answered, code)) in answered.into_iter().zip(codes).enumerate() {
        tensors.push(code.clone());
        if let Some(z) = answered.z.filter(|_| model.has_own_latents(head)) {
            tensors.push(z);
        }
        let count = answered.response.tensors.len();
        let first = tensors.len();
        tensors.extend(answered.response.tensors);
        pulls.push(Pull {
            code: first - 1 - usize::from(model.has_own_latents(head)),
            responses: first..first + count,
            back: answered.response.pull,
        });
    }
    if let Some(proposed) = proposed {
        tensors.push(proposed.answers);
        tensors.extend(proposed.log_density);
    }
    Ok((tensors, pulls))
}

/// Energies of right (N, 1) and wrong answers (N, K), and log densities (N, 1 + K) where they are known.
///
/// `proposed` says whether wrong answers were offered.
pub(super) fn energies(
    model: &EnergyModel,
    proposed: bool,
    embedded: &[Tensor],
    batch: &Batch,
) -> Result<(Energies, Option<Tensor>)> {
    let mut rest = embedded.iter();
    let mut next = || {
        let tensor = rest.next().cloned();
        tensor.ok_or_else(|| Error::Failed("an embedded tensor is missing".into()))
    };
    let mut parts = Vec::new();
    for head in 0..model.heads().count() {
        let code = next()?;
        let z = if model.has_own_latents(head) {
            Some(next()?)
        } else {
            model.shared_latents(head, code.device())?
        };
        let responses = (0..model.responses(head)).map(|_| next());
        let responses = responses.collect::<Result<Vec<_>>>()?;
        parts.push((code, z, responses));
    }
    let mut all = vectors(batch, model.space().dim())?.unsqueeze(1)?;
    let mut wrong = 0;
    if proposed {
        let answers = next()?;
        wrong = answers.dim(1)?;
        all = Tensor::cat(&[&all, &answers], 1)?;
    }
    let energies = model.combine(&all, &parts, batch.progress)?;
    let offered = (wrong > 0).then(|| energies.narrow(1, 1, wrong));
    let energies = Energies {
        positive: energies.narrow(1, 0, 1)?,
        negative: offered.transpose()?,
        volume: None,
    };
    Ok((energies, rest.next().cloned()))
}

fn vectors(batch: &Batch, dim: usize) -> Result<&Tensor> {
    let answers = batch.answers.as_ref().ok_or_else(|| {
        Error::Usage(
            "this head learns from answers that are vectors, but the data have none; name columns in `data.y`"
                .into(),
        )
    })?;
    if answers.dims()[1..] == [dim] {
        return Ok(answers);
    }
    Err(Error::Usage(format!(
        "answers have {:?} numbers, but the head gives {dim}; check `data.y`",
        &answers.dims()[1..]
    )))
}
