//! Wrong answers: where they come from, and what a Gibbs loss is told about them.

use candle_core::D;

use super::{Answers, Rows};
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::losses::{Energies, LossKind};
use crate::negatives::{Measure, NegativesKind};

impl Answers {
    /// What the loss sees: a Gibbs loss is told what its wrong answers stand for.
    pub(super) fn measured(&self, rows: &Rows) -> Result<Energies> {
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

/// The source of wrong answers for answers in `space`: the one configured, or all labels.
pub(super) fn chosen(
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
