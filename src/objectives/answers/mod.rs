use candle_core::{D, Tensor};

use super::{Batch, Embedded, Objective, Step};
use crate::error::Result;
use crate::graph::{Gradients, Mode};
use crate::heads::{PullResponse, Sides, Space};
use crate::inference::{Bounds, Machine};
use crate::losses::{LossKind, Margin};
use crate::negatives::{Measure, NegativesKind, WrongAnswers};

mod chains;
mod classes;
mod source;
mod vectors;

use chains::Chains;
use source::chosen;

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

    fn floor(&self, _: usize, _: usize) -> Option<f64> {
        let loss = self.loss.part();
        match (self.machine.space(), self.source()) {
            (Space::Classes(count), _) => loss.collapse_value(count),
            (Space::Vectors(dim), Some(source)) => match source.measure(&self.bounds) {
                Measure::Cells(_) if loss.beta().is_some() => None,
                Measure::Model => None,
                _ => loss.collapse_value(source.offered(dim)),
            },
            (Space::Vectors(_), None) => loss.collapse_value(1),
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
