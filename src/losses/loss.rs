use candle_core::Tensor;

use super::energies::Energies;
use crate::error::Result;
use crate::params::ParamSpec;

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
