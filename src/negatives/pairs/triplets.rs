use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embeddings::Embeddings;
use super::exclude;
use super::in_batch::InBatch;
use super::part::Pairs;
use crate::energies::Energy;
use crate::error::Result;
use crate::losses::{Energies, MASKED};

/// Triplets (anchor, its other view, one wrong answer in the batch), each a question of its own.
///
/// The loss is the mean over the triplets that still cost something (Hermans et al. 2017, which keeps the many solved
/// ones from drowning the rest), 0 when none does; with `hardest` over all anchors. `mining` says which triplets there
/// are. Choose `all` first; `semi_hard` (Schroff et al. 2015, FaceNet) where some wrong answers are right ones in truth.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Triplets {
    /// `all`, `hardest`, `semi_hard` or `nearest_semi_hard`.
    pub mining: Mining,
    /// Wrong answers whose cosine with the question is above this are left out, being right ones in all likelihood;
    /// without it none is. A question that would lose more than half of them keeps them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_above: Option<f64>,
}

/// Which wrong answers make a triplet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mining {
    /// Every one: `batch all`.
    #[default]
    All,
    /// The one of lowest energy: `batch hard`. It can pull all embeddings into one point at the start.
    Hardest,
    /// Those of higher energy than the right answer; a hinge looks at those inside its margin.
    SemiHard,
    /// The lowest of these: FaceNet's.
    NearestSemiHard,
}

impl Triplets {
    /// Energies (N, P, K) of wrong answers, as each right answer sees them, to those of its triplets.
    fn mine(self, right: &Tensor, wrong: &Tensor) -> Result<Tensor> {
        let farther = || -> Result<Tensor> {
            let far = Tensor::full(MASKED as f32, wrong.shape(), wrong.device())?;
            let keep = wrong.detach().gt(&right.detach())?;
            Ok(keep.where_cond(wrong, &far.to_dtype(wrong.dtype())?)?)
        };
        let lowest = |wrong: &Tensor| -> Result<Tensor> {
            let best = wrong.detach().argmin_keepdim(D::Minus1)?;
            Ok(wrong.gather(&best, D::Minus1)?)
        };
        match self.mining {
            Mining::All => Ok(wrong.clone()),
            Mining::Hardest => lowest(wrong),
            Mining::SemiHard => farther(),
            Mining::NearestSemiHard => lowest(&farther()?),
        }
    }
}

impl Pairs for Triplets {
    fn energies(&self, energy: &dyn Energy, embeddings: &Embeddings) -> Result<Energies> {
        let pairs = InBatch {
            exclude_above: self.exclude_above,
        };
        let rows = pairs.energies(energy, embeddings)?;
        let wrong = rows.wrong()?;
        let (n, k) = wrong.dims2()?;
        let p = rows.positive.dim(1)?;
        let wrong = wrong.unsqueeze(1)?.expand((n, p, k))?.contiguous()?;
        let right = rows.positive.unsqueeze(2)?;
        let negative = self.mine(&right.expand((n, p, k))?.contiguous()?, &wrong)?;
        let right = right.expand(negative.shape())?.contiguous()?;
        let count = negative.elem_count();
        Ok(Energies::new(
            right.reshape((count, 1))?,
            negative.reshape((count, 1))?,
        ))
    }

    fn reduce(&self, losses: &Tensor) -> Result<Tensor> {
        if self.mining == Mining::Hardest {
            return Ok(losses.mean_all()?);
        }
        let active = losses.detach().gt(0.0)?.to_dtype(losses.dtype())?;
        let count = active.sum_all()?.maximum(1.0)?;
        Ok((losses.sum_all()? / count)?)
    }

    fn validate(&self) -> Result<()> {
        exclude::validate(self.exclude_above)
    }

    fn offers_hardest(&self) -> bool {
        self.mining == Mining::Hardest
    }

    fn answers(&self, _: usize, _: usize) -> Option<usize> {
        matches!(self.mining, Mining::All | Mining::Hardest).then_some(2)
    }
}
