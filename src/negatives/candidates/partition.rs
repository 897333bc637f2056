use candle_core::{D, Tensor};

use crate::error::Result;
use crate::losses::Energies;

/// How the wrong answers that were offered stand for all answers in the partition function of a Gibbs loss,
/// `Z = Σ_y exp(−beta E(y))` or its integral.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Partition {
    /// The sum over right and wrong answers, as if there were no others.
    Sum,
    /// A Riemann sum over the wrong ones, each the point of a cell of this volume.
    Riemann(f64),
    /// Importance sampling from a known density q: each energy gets log q / beta added (R-NCE), right answer included.
    Importance,
    /// Samples of the model itself: their mean energy replaces the log-partition (contrastive divergence).
    Model,
}

impl Partition {
    /// Energies of which a loss of inverse temperature `beta` makes this partition function; `log_density`
    /// (N, 1 + K) is log q of right and wrong answers.
    ///
    /// # Errors
    /// There are no wrong answers, or a tensor operation failed.
    pub fn of(
        self,
        mut energies: Energies,
        log_density: Option<&Tensor>,
        beta: f64,
    ) -> Result<Energies> {
        let wrong = energies.wrong()?;
        match self {
            Self::Sum => {}
            Self::Riemann(volume) => energies.volume = Some(volume),
            Self::Importance => {
                if let Some(density) = log_density {
                    let shift = (density.detach() * (1.0 / beta))?;
                    let k = wrong.dim(1)?;
                    let shifted = (wrong + shift.narrow(1, 1, k)?)?;
                    energies.positive = (&energies.positive + shift.narrow(1, 0, 1)?)?;
                    energies.negative = Some(shifted);
                }
            }
            Self::Model => {
                // Equal values at every sample: the log of their mean has the mean of their gradients as its own.
                let level = wrong.detach().mean_keepdim(D::Minus1)?;
                let equal = (wrong - wrong.detach())?.broadcast_add(&level)?;
                energies.volume = Some(1.0 / wrong.dim(1)? as f64);
                energies.negative = Some(equal);
            }
        }
        Ok(energies)
    }

    /// Whether a loss whose energies are all equal reads the value that it has for so many answers; `gibbs` losses sum
    /// over answers.
    #[must_use]
    pub fn keeps_floor(self, gibbs: bool) -> bool {
        match self {
            Self::Sum | Self::Importance => true,
            Self::Riemann(_) => !gibbs,
            Self::Model => false,
        }
    }
}
