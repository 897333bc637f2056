//! Answers that are vectors: what is offered, its responses, its energies.

use candle_core::Tensor;

use super::{Answers, Pull, Rows};
use crate::error::{Error, Result};
use crate::graph::Mode;
use crate::negatives::{Proposed, Questions};
use crate::objectives::Batch;
use crate::random::{Purpose, normal, stream};

impl Answers {
    /// Wrong answers to the questions of `batch`.
    fn propose(&self, codes: &[Tensor], right: &Tensor, batch: &Batch) -> Result<Option<Proposed>> {
        let Some(source) = self.source() else {
            return Ok(None);
        };
        let mut questions = Questions {
            machine: &self.machine,
            codes,
            right: &right.flatten_all()?.to_vec1()?,
            bounds: &self.bounds,
            seed: self.seed,
            step: batch.step,
            samples: &batch.samples,
            memory: None,
        };
        let Some(chains) = &self.chains else {
            return source.propose(&questions).map(Some);
        };
        if let Some(known) = chains.computed(&batch.samples) {
            return Ok(Some(Proposed::of(questions.tensor(known)?)));
        }
        questions.memory = Some(chains.recall(&batch.samples)?);
        let proposed = source.propose(&questions)?;
        if let Some(memory) = &proposed.memory {
            chains.note(&batch.samples, memory);
        }
        Ok(Some(proposed))
    }

    /// Noise of standard deviation `std` on latent values (1 or N, K, Z, d), drawn for each sample.
    fn noisy(&self, z: &Tensor, std: f64, batch: &Batch) -> Result<Tensor> {
        let (_, k, values, d) = z.dims4()?;
        let mut noise = Vec::with_capacity(batch.len() * k * values * d);
        for &sample in &batch.samples {
            let mut rng = stream(self.seed, Purpose::Latent, 1 + batch.step, sample, 0);
            noise.extend((0..k * values * d).map(|_| (std * normal(&mut rng)) as f32));
        }
        let noise = Tensor::from_vec(noise, (batch.len(), k, values, d), z.device())?;
        Ok(z.broadcast_add(&noise)?)
    }

    /// The per-example half for answers that are vectors: responses to the right answer and to wrong ones.
    pub(super) fn responses(
        &self,
        codes: &[Tensor],
        batch: &Batch,
        mode: Mode,
    ) -> Result<(Vec<Tensor>, Vec<Pull>)> {
        let right = vectors(batch, self.machine.space().dim())?;
        let proposed = self.propose(codes, right, batch)?;
        let mut all = right.unsqueeze(1)?;
        if let Some(proposed) = &proposed {
            all = Tensor::cat(&[&all, &proposed.answers], 1)?;
        }
        let noise = |z: &Tensor, std: f64| self.noisy(z, std, batch);
        let answered = self.machine.respond(codes, &all, mode, &noise)?;
        let (mut tensors, mut pulls) = (Vec::new(), Vec::new());
        for (head, (answered, code)) in answered.into_iter().zip(codes).enumerate() {
            tensors.push(code.clone());
            if let Some(z) = answered.z.filter(|_| self.machine.has_own_latents(head)) {
                tensors.push(z);
            }
            let count = answered.response.tensors.len();
            let first = tensors.len();
            tensors.extend(answered.response.tensors);
            pulls.push(Pull {
                code: first - 1 - usize::from(self.machine.has_own_latents(head)),
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
    pub(super) fn vector_energies(&self, embedded: &[Tensor], batch: &Batch) -> Result<Rows> {
        let mut rest = embedded.iter();
        let mut next = || {
            let tensor = rest.next().cloned();
            tensor.ok_or_else(|| Error::Failed("an embedded tensor is missing".into()))
        };
        let mut parts = Vec::new();
        for head in 0..self.machine.heads().count() {
            let code = next()?;
            let z = if self.machine.has_own_latents(head) {
                Some(next()?)
            } else {
                self.machine.shared_latents(head, code.device())?
            };
            let responses = (0..self.machine.responses(head)).map(|_| next());
            let responses = responses.collect::<Result<Vec<_>>>()?;
            parts.push((code, z, responses));
        }
        let mut all = vectors(batch, self.machine.space().dim())?.unsqueeze(1)?;
        let mut wrong = 0;
        if self.source().is_some() {
            let answers = next()?;
            wrong = answers.dim(1)?;
            all = Tensor::cat(&[&all, &answers], 1)?;
        }
        let energies = self.machine.combine(&all, &parts, batch.progress)?;
        Ok(Rows {
            right: energies.narrow(1, 0, 1)?,
            wrong: (wrong > 0)
                .then(|| energies.narrow(1, 1, wrong))
                .transpose()?,
            log_density: rest.next().cloned(),
        })
    }
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
