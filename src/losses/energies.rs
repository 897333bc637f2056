use candle_core::{D, Tensor};

use super::columns::columns;
use super::log_partition::log_partition;
use super::stable::log_sum_exp;
use crate::error::{Error, Result};

/// The energy of a masked answer, which its question does not see: so high that no loss pulls it down or pushes it up.
///
/// Rows of a table may so hold different numbers of right and of wrong answers.
pub const MASKED: f64 = 1e9;

/// 1 where an answer is present, 0 where it is masked, of the shape of `energies`; without gradient.
///
/// # Errors
/// A tensor operation failed.
pub fn present(energies: &Tensor) -> Result<Tensor> {
    let present = energies.detach().lt(MASKED / 2.0)?;
    Ok(present.to_dtype(energies.dtype())?)
}

/// The energies that a loss sees: one row per question. Answers at [`MASKED`] are not there.
#[derive(Clone, Debug)]
pub struct Energies {
    /// Right answers, (N, P); P is 1 unless several answers are right.
    pub positive: Tensor,
    /// Wrong answers, (N, K); `None` for methods that have none.
    pub negative: Option<Tensor>,
    /// The part of the answers' space that each wrong answer stands for, when they are the points of an integral
    /// over y: the partition function is then their sum alone times this. `None` for answers that are counted,
    /// right and wrong.
    pub volume: Option<f64>,
}

impl Energies {
    /// Right answers (N, P) beside wrong ones (N, K), all of them counted; `None` for methods without wrong answers.
    #[must_use]
    pub fn new(positive: Tensor, negative: impl Into<Option<Tensor>>) -> Self {
        Self {
            positive,
            negative: negative.into(),
            volume: None,
        }
    }

    /// Those of classes: of a table (N, C) and the right classes `labels` (N,), 32-bit, the energy of the right one
    /// (N, 1) and those of all others in order (N, C − 1).
    ///
    /// # Errors
    /// A label is no class of the table, or a tensor operation failed.
    pub fn of_classes(table: &Tensor, labels: &Tensor) -> Result<Self> {
        let classes = table.dim(1)? as u32;
        let labels: Vec<u32> = labels.to_vec1()?;
        if let Some(wrong) = labels.iter().find(|&&label| label >= classes) {
            return Err(Error::Usage(format!(
                "a label is {wrong}, but the head has classes 0 to {}; mend the labels, or train a new head",
                classes.saturating_sub(1)
            )));
        }
        let others = |right: u32| (0..classes).filter(move |&class| class != right);
        Ok(Self {
            positive: columns(table, |row| vec![labels[row]])?,
            negative: Some(columns(table, |row| others(labels[row]).collect())?),
            volume: None,
        })
    }

    /// The wrong answers' energies (N, K).
    ///
    /// # Errors
    /// There are none.
    pub fn wrong(&self) -> Result<&Tensor> {
        self.negative.as_ref().ok_or_else(|| {
            Error::Usage(
                "this loss compares right with wrong answers, but there are none; \
                 set `negatives.kind = \"in_batch\"` or choose `loss.kind = \"energy\"`"
                    .into(),
            )
        })
    }

    /// The mean of `rows` (N, P), one number a right answer, over the right answers that are present: (N,).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn mean(&self, rows: &Tensor) -> Result<Tensor> {
        if rows.dim(D::Minus1)? == 1 {
            return Ok(rows.squeeze(D::Minus1)?);
        }
        let present = present(&self.positive)?;
        let count = present.sum(D::Minus1)?;
        Ok(((rows * present)?.sum(D::Minus1)? / count)?)
    }

    /// `(1/beta) log Σ_y exp(−beta E(y))` (N, 1): over right and wrong answers, or the integral over the wrong ones.
    ///
    /// # Errors
    /// There are no wrong answers.
    pub fn log_partition(&self, beta: f64) -> Result<Tensor> {
        let wrong = self.wrong()?;
        match self.volume {
            None => log_partition(&self.positive, wrong, beta),
            Some(volume) => Ok(((log_sum_exp(&(wrong * -beta)?)? + volume.ln())? * (1.0 / beta))?),
        }
    }

    /// `E_I` (N, 1): the lowest energy of each row's wrong answers; the first of equals gets the gradient.
    ///
    /// # Errors
    /// There are no wrong answers.
    pub fn most_offending(&self) -> Result<Tensor> {
        let wrong = self.wrong()?;
        let best = wrong.detach().argmin_keepdim(D::Minus1)?;
        Ok(wrong.contiguous()?.gather(&best, D::Minus1)?)
    }
}
