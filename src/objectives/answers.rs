use candle_core::{D, Tensor};

use super::chains::Chains;
use super::{Batch, Embedded, Objective, Step};
use crate::error::{Error, Result};
use crate::graph::{Gradients, Mode};
use crate::heads::{PullResponse, Sides, Space};
use crate::inference::{Bounds, Machine};
use crate::losses::{Energies, LossKind, Margin};
use crate::negatives::{Measure, NegativesKind, Proposed, Questions, WrongAnswers};
use crate::random::{Purpose, normal, stream};

/// Input against answer: any head's E(x, y), any loss, any source of wrong answers.
///
/// Where answers are classes, the wrong ones are all others; where they are vectors y (B, D), a source offers
/// them. With a multi-class head and the nll at beta 1 this is the usual cross-entropy (logits are −energies):
/// the linear probe is this objective with one linear layer over frozen features.
pub struct Answers {
    machine: Machine,
    loss: LossKind,
    negatives: Option<NegativesKind>,
    bounds: Bounds,
    seed: u64,
    chains: Option<Chains>,
}

impl Answers {
    /// Bind a loss and a source of wrong answers to a machine.
    ///
    /// `bounds` is the box of vector answers; `samples` the size of the training set, which a replay buffer needs.
    ///
    /// # Errors
    /// Parts that do not fit together: a loss that needs energies of at least 0 on others, a margin out of range, no
    /// wrong answers where some are needed, a source that offers none to this kind of answers.
    pub fn new(
        machine: Machine,
        loss: LossKind,
        negatives: Option<NegativesKind>,
        bounds: Bounds,
        (samples, seed): (usize, u64),
    ) -> Result<Self> {
        loss.part().validate(machine.range())?;
        if let Space::Vectors(dim) = machine.space() {
            bounds.validate(dim)?;
        }
        let negatives = chosen(machine.space(), &loss, negatives)?;
        let source = negatives.as_ref().and_then(|n| n.part().wrong_answers());
        let count = source.map_or(0, WrongAnswers::chains);
        let chains = (count > 0).then(|| {
            let params = machine.network().params();
            Chains::new(params, (samples, count), &bounds, seed)
        });
        Ok(Self {
            machine,
            loss,
            negatives,
            bounds,
            seed,
            chains: chains.transpose()?,
        })
    }

    /// The energy under training.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What may go wrong by construction, before any training.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let name = self.loss.name();
        let mut found = Vec::new();
        let (low, _) = self.machine.range();
        match self.loss.part().margin() {
            Margin::None if low == f64::NEG_INFINITY => found.push(format!(
                "the loss `{name}` has no margin and this energy has no lower bound: it can fall for ever and say nothing"
            )),
            Margin::None if self.machine.sides() == Sides::Both => found.push(format!(
                "the loss `{name}` has no margin and both sides are learned: it can collapse to a flat energy"
            )),
            Margin::Finite(0.0) if self.machine.sides() == Sides::Both => found.push(format!(
                "the loss `{name}` has a margin of zero and both sides are learned: a flat energy costs nothing, so it can \
                 collapse in principle"
            )),
            _ => {}
        }
        let space = self.machine.space();
        found.extend(self.machine.heads().filter_map(|head| head.warning(space)));
        found
    }

    fn source(&self) -> Option<&dyn WrongAnswers> {
        self.negatives.as_ref()?.part().wrong_answers()
    }

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
    fn responses(
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
            if let Some(z) = answered.z.filter(|_| !self.machine.shares_latents(head)) {
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
    fn vector_energies(&self, embedded: &[Tensor], batch: &Batch) -> Result<Rows> {
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

    /// Energies of the right class (N, 1) and of all others (N, C − 1), and the share of right answers.
    fn class_energies(&self, codes: &[Tensor], batch: &Batch) -> Result<(Rows, Tensor)> {
        let parts: Vec<_> = codes
            .iter()
            .map(|c| (c.clone(), None, Vec::new()))
            .collect();
        let table = self.machine.combine(&codes[0], &parts, batch.progress)?; // (N, C)
        let labels = labels(batch)?;
        let classes = table.dim(1)? as u32;
        let right: Vec<u32> = labels.to_vec1()?;
        if let Some(wrong) = right.iter().find(|&&label| label >= classes) {
            return Err(Error::Usage(format!(
                "a label is {wrong}, but the head has classes 0 to {}; mend the labels, or train a new head",
                classes - 1
            )));
        }
        let others: Vec<u32> = right
            .iter()
            .flat_map(|&y| (0..classes).filter(move |&c| c != y))
            .collect();
        let others = Tensor::from_vec(others, (right.len(), classes as usize - 1), table.device())?;
        let hits = table.detach().argmin(D::Minus1)?.eq(labels)?;
        let accuracy = hits.to_dtype(table.dtype())?.mean_all()?;
        let rows = Rows {
            right: table.gather(&labels.unsqueeze(1)?, D::Minus1)?,
            wrong: Some(table.gather(&others, D::Minus1)?),
            log_density: None,
        };
        Ok((rows, accuracy))
    }

    /// What the loss sees: a Gibbs loss is told what its wrong answers stand for.
    fn measured(&self, rows: &Rows) -> Result<Energies> {
        let mut energies = Energies {
            positive: rows.right.clone(),
            negative: rows.wrong.clone(),
            volume: None,
        };
        let (Some(beta), Some(source), Some(wrong)) =
            (self.loss.part().beta(), self.source(), &rows.wrong)
        else {
            return Ok(energies);
        };
        match source.measure(&self.bounds) {
            Measure::Counted => {}
            Measure::Cells(volume) => energies.volume = Some(volume),
            Measure::Density => {
                if let Some(density) = &rows.log_density {
                    let shift = (density.detach() * (1.0 / beta))?;
                    let k = wrong.dim(1)?;
                    energies.positive = (&rows.right + shift.narrow(1, 0, 1)?)?;
                    energies.negative = Some((wrong + shift.narrow(1, 1, k)?)?);
                }
            }
            Measure::Model => {
                // Equal values at every sample: the log of their mean has the mean of their gradients as its own.
                let level = wrong.detach().mean_keepdim(D::Minus1)?;
                let equal = (wrong - wrong.detach())?.broadcast_add(&level)?;
                energies.volume = Some(1.0 / wrong.dim(1)? as f64);
                energies.negative = Some(equal);
            }
        }
        Ok(energies)
    }
}

/// The way back through one head.
struct Pull {
    code: usize,
    responses: std::ops::Range<usize>,
    back: PullResponse,
}

/// Energies of right (N, 1) and wrong answers (N, K).
struct Rows {
    right: Tensor,
    wrong: Option<Tensor>,
    log_density: Option<Tensor>,
}

impl Objective for Answers {
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded> {
        let features = self.machine.features(&batch.inputs[0])?;
        let forward = self.machine.forward(&features, mode)?;
        let codes = self.machine.pick(&forward.outputs);
        let (tensors, pulls) = match self.machine.space() {
            Space::Classes(_) => (codes.clone(), Vec::new()),
            Space::Vectors(_) => self.responses(&codes, batch, mode)?,
        };
        let (network, tape) = (self.machine.network().clone(), forward.tape);
        let (count, places) = (forward.outputs.len(), self.machine.places());
        let classes = pulls.is_empty();
        let pullback = move |gradients: &[Option<Tensor>]| -> Result<Gradients> {
            let mut of_outputs: Vec<Option<Tensor>> = vec![None; count];
            let mut total = Gradients::default();
            if classes {
                for (place, gradient) in places.iter().zip(gradients) {
                    add(&mut of_outputs[*place], gradient.clone())?;
                }
            }
            for (place, pull) in places.iter().zip(pulls) {
                let pulled = (pull.back)(&gradients[pull.responses])?;
                total.accumulate(pulled.gradients)?;
                add(&mut of_outputs[*place], gradients[pull.code].clone())?;
                add(&mut of_outputs[*place], pulled.code)?;
            }
            total.accumulate(network.backward(tape, &of_outputs)?)?;
            Ok(total)
        };
        Ok(Embedded {
            tensors,
            pullback: Box::new(pullback),
        })
    }

    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step> {
        let mut metrics = Vec::new();
        let rows = match self.machine.space() {
            Space::Classes(_) => {
                let (rows, accuracy) = self.class_energies(embedded, batch)?;
                metrics.push(("accuracy", accuracy));
                rows
            }
            Space::Vectors(_) => self.vector_energies(embedded, batch)?,
        };
        let right = rows.right.detach().mean_all()?;
        metrics.push(("e_c", right.clone()));
        if let Some(wrong) = &rows.wrong {
            let offending = wrong.detach().min(D::Minus1)?.mean_all()?;
            metrics.push(("e_i", offending.clone()));
            metrics.push(("gap", (offending - right)?));
        }
        let losses = self.loss.part().forward(&self.measured(&rows)?)?;
        Ok(Step {
            loss: losses.mean_all()?,
            metrics,
        })
    }

    fn after_update(&mut self, _: f64) -> Result<()> {
        self.chains.as_ref().map_or(Ok(()), Chains::commit)
    }

    fn floor(&self, _: usize) -> Option<f64> {
        let loss = self.loss.part();
        match (self.machine.space(), self.source()) {
            (Space::Classes(count), _) => loss.floor(count),
            (Space::Vectors(dim), Some(source)) => match source.measure(&self.bounds) {
                Measure::Cells(_) if loss.beta().is_some() => None,
                Measure::Model => None,
                _ => loss.floor(source.offered(dim)),
            },
            (Space::Vectors(_), None) => loss.floor(1),
        }
    }
}

/// Add `gradient` to `sum`.
fn add(sum: &mut Option<Tensor>, gradient: Option<Tensor>) -> Result<()> {
    *sum = match (sum.take(), gradient) {
        (Some(a), Some(b)) => Some((a + b)?),
        (a, b) => a.or(b),
    };
    Ok(())
}

/// The source of wrong answers for answers in `space`: the one configured, or all labels.
fn chosen(
    space: Space,
    loss: &LossKind,
    negatives: Option<NegativesKind>,
) -> Result<Option<NegativesKind>> {
    let refuse = |problem: String| Err(Error::key("negatives.kind", problem));
    let Some(kind) = negatives.filter(|kind| kind.name() != "none") else {
        if matches!(space, Space::Vectors(_)) && loss.part().needs_negatives() {
            return refuse(format!(
                "the loss `{}` compares right with wrong answers, but there are none; \
                 choose `grid`, `uniform`, `gaussian`, `most_offending`, `langevin` or `replay`",
                loss.name()
            ));
        }
        return Ok(None);
    };
    match (space, kind.part().wrong_answers()) {
        (Space::Classes(_), _) if kind.name() == "labels" => Ok(Some(kind)),
        (Space::Classes(_), _) => refuse(format!(
            "`{}` does not go with classes, whose wrong answers are all other labels; use `labels`",
            kind.name()
        )),
        (Space::Vectors(_), Some(source)) => {
            source.validate()?;
            Ok(Some(kind))
        }
        (Space::Vectors(_), None) => refuse(format!(
            "`{}` offers no answers that are vectors; use `grid`, `uniform`, `gaussian`, `most_offending`, `langevin` or `replay`",
            kind.name()
        )),
    }
}

fn labels(batch: &Batch) -> Result<&Tensor> {
    batch.labels.as_ref().ok_or_else(|| {
        Error::Usage(
            "this head learns from labels, but the data have none; \
             use a data set with one folder a class, or pretrain without a head"
                .into(),
        )
    })
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
