//! Losses: what to lower, given the energies of right and wrong answers and nothing else.
//!
//! LeCun, Chopra, Hadsell, Ranzato, Huang: A Tutorial on Energy-Based Learning, 2006. `E_C` is the energy
//! of the right answer, `E_I` the lowest energy among the wrong ones (the most offending answer).

mod contrastive;
mod dcl;
mod dclw;
mod energy;
mod free_energy;
mod hinge;
mod info_nce;
mod log;
mod log_partition;
mod lvq2;
mod mce;
mod mee;
mod nll;
mod perceptron;
mod siglip;
mod square_exponential;
mod square_square;

pub use contrastive::{Contrastive, ContrastiveConvention};
pub use dcl::Dcl;
pub use dclw::Dclw;
pub use energy::EnergyLoss;
pub use free_energy::{free_energy, gibbs, lowest};
pub use hinge::Hinge;
pub use info_nce::{InfoNce, InfoNceConvention};
pub use log::Log;
pub use log_partition::log_partition;
pub use lvq2::{Lvq2, Lvq2Convention};
pub use mce::Mce;
pub use mee::Mee;
pub use nll::Nll;
pub use perceptron::Perceptron;
pub use siglip::{Siglip, SiglipConvention};
pub use square_exponential::SquareExponential;
pub use square_square::SquareSquare;

use candle_core::{D, Tensor};

use crate::error::{Error, Result};
use crate::params::ParamSpec;

/// The energy of an answer that its question does not see: so high that no loss pulls it down or pushes it up.
///
/// Rows of a table may so hold different numbers of right and of wrong answers.
pub const LEFT_OUT: f64 = 1e9;

/// The energies that a loss sees: one row per question. Answers at [`LEFT_OUT`] are not there.
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

    /// The mean of `rows` (N, P), one number a right answer, over the right answers that are there: (N,).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn mean(&self, rows: &Tensor) -> Result<Tensor> {
        if rows.dim(D::Minus1)? == 1 {
            return Ok(rows.squeeze(D::Minus1)?);
        }
        let there = there(&self.positive)?;
        let count = there.sum(D::Minus1)?;
        Ok(((rows * there)?.sum(D::Minus1)? / count)?)
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

/// How far a loss pushes wrong answers away from right ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// It does not look at wrong answers: it can collapse when both sides are learned.
    None,
    /// Up to this difference of energies.
    Finite(f64),
    /// Without end, ever more weakly.
    Infinite,
}

/// A loss on energies.
pub trait Loss: Send + Sync {
    /// The loss of each question, (N,); with several right answers, their mean.
    ///
    /// # Errors
    /// Wrong answers are needed and missing, or a tensor operation failed.
    fn forward(&self, energies: &Energies) -> Result<Tensor>;

    /// Numbers of its own that are learned with the network.
    fn learned(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    /// As [`Loss::forward`], with the `learned` numbers in the place of their starts.
    ///
    /// # Errors
    /// As [`Loss::forward`].
    fn with(&self, energies: &Energies, _learned: &[Tensor]) -> Result<Tensor> {
        self.forward(energies)
    }

    /// Whether it needs wrong answers.
    fn needs_negatives(&self) -> bool {
        self.margin() != Margin::None
    }

    /// How far it pushes.
    fn margin(&self) -> Margin;

    /// The inverse temperature of losses on Gibbs probabilities of all answers; `None` for the others.
    fn beta(&self) -> Option<f64> {
        None
    }

    /// Whether it looks at the wrong answer of lowest energy alone, and at none of the others beside it.
    ///
    /// Taken to be so for every loss that needs wrong answers and has no [`Loss::beta`], as in the generalised margin
    /// losses of LeCun et al. 2006; one that sums over wrong answers in another way says no.
    fn only_most_offending(&self) -> bool {
        self.beta().is_none() && self.needs_negatives()
    }

    /// Whether a wrong answer of energy `wrong` beside a right one of energy `right` still costs something; `None` for
    /// losses that push without end.
    fn active(&self, _right: f64, _wrong: f64) -> Option<bool> {
        None
    }

    /// What it reads when all `answers` (the right one included) have energy 0: the value of a collapsed
    /// network. Losses of differences of energies read it at any equal energies. `None` if it is not known.
    fn collapse_value(&self, answers: usize) -> Option<f64>;

    /// The same once its [`Loss::learned`] numbers have become the best ones for a network whose energies say nothing.
    fn collapse_value_learned(&self, answers: usize) -> Option<f64> {
        self.collapse_value(answers)
    }

    /// Refuse settings that cannot work with an energy whose values lie in `range`.
    ///
    /// # Errors
    /// A sentence with the key and the way out.
    fn validate(&self, range: (f64, f64)) -> Result<()>;
}

crate::family! {
    /// Losses by name.
    LossKind: Loss {
        "nll" => Nll(Nll),
        "info_nce" => InfoNce(InfoNce),
        "dcl" => Dcl(Dcl),
        "dclw" => Dclw(Dclw),
        "siglip" => Siglip(Siglip),
        "hinge" => Hinge(Hinge),
        "energy" => Energy(EnergyLoss),
        "perceptron" => Perceptron(Perceptron),
        "log" => Log(Log),
        "lvq2" => Lvq2(Lvq2),
        "mce" => Mce(Mce),
        "mee" => Mee(Mee),
        "square_square" => SquareSquare(SquareSquare),
        "contrastive" => Contrastive(Contrastive),
        "square_exponential" => SquareExponential(SquareExponential),
    }
}

/// `log Σ_k exp(x_k)` over the last dimension, (N, K) -> (N, 1), for numbers of any size.
///
/// # Errors
/// A tensor operation failed.
pub fn log_sum_exp(x: &Tensor) -> Result<Tensor> {
    // The maximum only shifts: detached, it leaves the gradient exact and costs no backward pass.
    let highest = x.detach().max_keepdim(D::Minus1)?;
    let sum = x.broadcast_sub(&highest)?.exp()?.sum_keepdim(D::Minus1)?;
    Ok((sum.log()? + highest)?)
}

/// `log(1 + exp(x))` for numbers of any size.
pub(crate) fn softplus(x: &Tensor) -> Result<Tensor> {
    // max(0, x) + log(1 + exp(−|x|)); written with log_sum_exp(0, x), whose gradient is exact at 0 too.
    let pair = Tensor::stack(&[&x.zeros_like()?, x], x.rank())?;
    Ok(log_sum_exp(&pair)?.squeeze(D::Minus1)?)
}

/// `1 / (1 + exp(−x))` for numbers of any size.
fn sigmoid(x: &Tensor) -> Result<Tensor> {
    // (1 + tanh(x/2)) / 2 overflows nowhere and has candle's own gradient.
    Ok((x * 0.5)?.tanh()?.affine(0.5, 0.5)?)
}

/// 1 where an energy is of an answer that is there, 0 where it was left out; without gradient.
///
/// # Errors
/// A tensor operation failed.
pub fn there(energies: &Tensor) -> Result<Tensor> {
    let there = energies.detach().lt(LEFT_OUT / 2.0)?;
    Ok(there.to_dtype(energies.dtype())?)
}

/// Refuse a level that no wrong answer can rise to.
fn reachable(margin: f64, (_, high): (f64, f64)) -> Result<()> {
    if margin <= high {
        return Ok(());
    }
    Err(Error::key(
        "loss.margin",
        format!(
            "wrong answers should rise to {margin}, but this energy only goes up to {high}; set a margin of {high} or less"
        ),
    ))
}

/// Refuse an energy that can go below zero.
fn non_negative(loss: &str, (low, _): (f64, f64)) -> Result<()> {
    if low >= 0.0 {
        return Ok(());
    }
    Err(Error::key(
        "loss.kind",
        format!(
            "`{loss}` needs energies of at least 0, but this energy goes down to {low}; \
             choose another energy (cosine, squared, euclidean, l1), set `head.non_negative = true` on a multi-class \
             head, or choose another loss (hinge, log, nll)"
        ),
    ))
}

/// Refuse a setting that must be above zero.
pub(crate) fn positive(key: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::key(
        key,
        format!("must be a number above 0, not {value}"),
    ))
}
