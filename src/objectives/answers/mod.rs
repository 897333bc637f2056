use candle_core::{D, Tensor};

use super::batch::Batch;
use super::objective::{Embedded, Objective, Step};
use crate::error::Result;
use crate::graph::{Gradients, Mode};
use crate::heads::{Sides, Space};
use crate::inference::{Bounds, EnergyModel};
use crate::losses::{LossKind, Margin};
use crate::negatives::CandidatesKind;

mod chains;
mod classes;
mod proposer;
mod vectors;

use proposer::Proposer;

/// Input against answer: any head's E(x, y), any loss, any candidates.
///
/// Where answers are classes, the wrong ones are all others; where they are vectors y (B, D), candidates are
/// proposed. With a multi-class head and the nll at beta 1 this is the usual cross-entropy (logits are −energies):
/// the linear probe is this objective with one linear layer over frozen features.
pub struct Answers {
    model: EnergyModel,
    loss: LossKind,
    proposer: Proposer,
}

impl Answers {
    /// Bind a loss and candidates, its wrong answers, to a machine.
    ///
    /// `bounds` is the box of vector answers; `samples` the size of the training set, which a replay buffer needs.
    ///
    /// # Errors
    /// Parts that do not fit together: a loss that needs energies of at least 0 on others, a margin out of range, no
    /// wrong answers where some are needed, candidates of another kind than the answers.
    pub fn new(
        model: EnergyModel,
        loss: LossKind,
        candidates: Option<CandidatesKind>,
        bounds: Bounds,
        (samples, seed): (usize, u64),
    ) -> Result<Self> {
        loss.part().validate(model.range())?;
        let proposer = Proposer::new(&model, &loss, candidates, bounds, (samples, seed))?;
        Ok(Self {
            model,
            loss,
            proposer,
        })
    }

    /// The energy under training.
    #[must_use]
    pub fn model(&self) -> &EnergyModel {
        &self.model
    }

    /// What may go wrong by construction, before any training.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let name = self.loss.name();
        let mut found = Vec::new();
        let (low, _) = self.model.range();
        match self.loss.part().margin() {
            Margin::None if low == f64::NEG_INFINITY => found.push(format!(
                "the loss `{name}` has no margin and this energy has no lower bound: it can fall for ever and say nothing"
            )),
            Margin::None if self.model.sides() == Sides::Both => found.push(format!(
                "the loss `{name}` has no margin and both sides are learned: it can collapse to a flat energy"
            )),
            Margin::Finite(0.0) if self.model.sides() == Sides::Both => found.push(format!(
                "the loss `{name}` has a margin of zero and both sides are learned: a flat energy costs nothing, so it can \
                 collapse in principle"
            )),
            _ => {}
        }
        let space = self.model.space();
        found.extend(self.model.heads().filter_map(|head| head.warning(space)));
        found
    }
}

impl Objective for Answers {
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded> {
        let features = self.model.features(&batch.inputs[0])?;
        let forward = self.model.forward(&features, mode)?;
        let codes = self.model.pick(&forward.outputs);
        let (tensors, pulls) = match self.model.space() {
            Space::Classes(_) => (codes.clone(), Vec::new()),
            Space::Vectors(_) => {
                vectors::responses(&self.model, &self.proposer, &codes, batch, mode)?
            }
        };
        let (network, tape) = (self.model.network().clone(), forward.tape);
        let (count, places) = (forward.outputs.len(), self.model.places());
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
        let (energies, log_density) = match self.model.space() {
            Space::Classes(_) => {
                let (energies, accuracy) = classes::energies(&self.model, embedded, batch)?;
                metrics.push(("accuracy", accuracy));
                (energies, None)
            }
            Space::Vectors(_) => {
                let proposed = self.proposer.part().is_some();
                vectors::energies(&self.model, proposed, embedded, batch)?
            }
        };
        let right = energies.positive.detach().mean_all()?;
        metrics.push(("e_c", right.clone()));
        if let Some(wrong) = &energies.negative {
            let offending = wrong.detach().min(D::Minus1)?.mean_all()?;
            metrics.push(("e_i", offending.clone()));
            metrics.push(("gap", (offending - right)?));
        }
        let seen = self
            .proposer
            .seen(energies, log_density.as_ref(), &self.loss)?;
        let losses = self.loss.part().forward(&seen)?;
        Ok(Step {
            loss: losses.mean_all()?,
            metrics,
        })
    }

    fn after_update(&mut self, _: f64) -> Result<()> {
        self.proposer.after_update()
    }

    fn collapse_value(&self, _: usize, _: usize) -> Option<f64> {
        self.proposer.collapse_value(self.model.space(), &self.loss)
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
