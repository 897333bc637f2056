//! Wrong answers that are vectors: what proposes them, where, and from which chains.

use candle_core::Tensor;

use super::chains::Chains;
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::inference::{Bounds, EnergyModel};
use crate::losses::{Energies, LossKind};
use crate::negatives::{Candidates, CandidatesKind, Labels, Partition, Proposed, Questions};
use crate::objectives::batch::Batch;
use crate::registry::either;

/// Candidates bound to a machine's space of answers, with the chains that they keep.
pub(super) struct Proposer {
    candidates: Option<CandidatesKind>,
    bounds: Bounds,
    seed: u64,
    chains: Option<Chains>,
}

impl Proposer {
    /// Bind `candidates`, or all labels where answers are classes, to answers of `model` in the box `bounds`.
    ///
    /// `samples` is the size of the training set.
    pub(super) fn new(
        model: &EnergyModel,
        loss: &LossKind,
        candidates: Option<CandidatesKind>,
        bounds: Bounds,
        (samples, seed): (usize, u64),
    ) -> Result<Self> {
        if let Space::Vectors(dim) = model.space() {
            bounds.validate(dim)?;
        }
        let candidates = chosen(model.space(), loss, candidates)?;
        let count = candidates.as_ref().map_or(0, |kind| kind.part().chains());
        let chains = (count > 0).then(|| {
            let params = model.network().params();
            Chains::new(params, (samples, count), &bounds, seed)
        });
        Ok(Self {
            candidates,
            chains: chains.transpose()?,
            bounds,
            seed,
        })
    }

    /// The part; `None` without wrong answers.
    pub(super) fn part(&self) -> Option<&dyn Candidates> {
        Some(self.candidates.as_ref()?.part())
    }

    /// The run's seed.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Wrong answers to the questions of `batch`.
    pub(super) fn propose(
        &self,
        model: &EnergyModel,
        codes: &[Tensor],
        right: &Tensor,
        batch: &Batch,
    ) -> Result<Option<Proposed>> {
        let Some(part) = self.part() else {
            return Ok(None);
        };
        let mut questions = Questions {
            model,
            codes,
            right: &right.flatten_all()?.to_vec1()?,
            bounds: &self.bounds,
            seed: self.seed,
            step: batch.step,
            samples: &batch.samples,
            memory: None,
        };
        let Some(chains) = &self.chains else {
            return part.propose(&questions);
        };
        if let Some(known) = chains.computed(&batch.samples) {
            return Ok(Some(Proposed::of(questions.tensor(known)?)));
        }
        questions.memory = Some(chains.recall(&batch.samples)?);
        let proposed = part.propose(&questions)?;
        if let Some(memory) = proposed.as_ref().and_then(|found| found.memory.as_ref()) {
            chains.note(&batch.samples, memory);
        }
        Ok(proposed)
    }

    /// The update is done: chains stay where they are.
    pub(super) fn after_update(&self) -> Result<()> {
        self.chains.as_ref().map_or(Ok(()), Chains::commit)
    }

    /// How wrong answers make the partition function of a Gibbs loss; `None` without wrong answers.
    fn partition(&self) -> Option<Partition> {
        Some(self.part()?.partition(&self.bounds))
    }

    /// What the loss sees: a Gibbs loss is told what its wrong answers stand for.
    pub(super) fn seen(
        &self,
        energies: Energies,
        log_density: Option<&Tensor>,
        loss: &LossKind,
    ) -> Result<Energies> {
        match (loss.part().beta(), self.partition()) {
            (Some(beta), Some(partition)) if energies.negative.is_some() => {
                partition.of(energies, log_density, beta)
            }
            _ => Ok(energies),
        }
    }

    /// What `loss` reads on answers in `space` whose energies are all equal, if that is known.
    pub(super) fn collapse_value(&self, space: Space, loss: &LossKind) -> Option<f64> {
        let loss = loss.part();
        let (Some(part), Some(partition)) = (self.part(), self.partition()) else {
            return loss.collapse_value(1);
        };
        let kept = partition.keeps_floor(loss.beta().is_some());
        kept.then(|| loss.collapse_value(part.offered(space)))?
    }
}

/// The candidates for answers in `space`: those configured, or all labels.
fn chosen(
    space: Space,
    loss: &LossKind,
    candidates: Option<CandidatesKind>,
) -> Result<Option<CandidatesKind>> {
    let refuse = |problem: String| Err(Error::key("negatives.kind", problem));
    let all = CandidatesKind::defaults();
    let suited = all.iter().filter(|kind| kind.part().suits(space));
    let suited: Vec<&str> = suited.map(CandidatesKind::name).collect();
    match (candidates, space) {
        (Some(kind), _) if kind.part().suits(space) => {
            kind.part().validate()?;
            Ok(Some(kind))
        }
        (Some(kind), Space::Classes(_)) => refuse(format!(
            "`{}` does not go with classes, whose wrong answers are all other labels; use {}",
            kind.name(),
            either(&suited)
        )),
        (Some(kind), Space::Vectors(_)) => refuse(format!(
            "`{}` offers no answers that are vectors; use {}",
            kind.name(),
            either(&suited)
        )),
        (None, Space::Classes(_)) => Ok(Some(CandidatesKind::Labels(Labels {}))),
        (None, Space::Vectors(_)) if loss.part().needs_negatives() => refuse(format!(
            "the loss `{}` compares right with wrong answers, but there are none; choose {}",
            loss.name(),
            either(&suited)
        )),
        (None, Space::Vectors(_)) => Ok(None),
    }
}
