//! Sums and minima over what is not observed: latents, and answers as a distribution.

use candle_core::{D, Tensor};

use super::stable::log_sum_exp;
use crate::error::Result;

/// Free energy `F_beta = −(1/beta) log Σ_z exp(−beta E(z))` over the last dimension, (.., Z) to (..).
///
/// Never above the lowest energy, and equal to it for one z and as beta → ∞; with `volume` (that of a cell
/// of a grid of z, or 1/Z for a mean) it is the integral `−(1/beta) log ∫ exp(−beta E) dz`. Energies in any
/// unit, `beta` in one over it. LeCun et al. 2006, section 2.4 and eq. 25. Choose it over [`lowest`] while
/// training: it lets every latent value learn, not only the one that wins.
///
/// # Errors
/// A tensor operation failed.
pub fn free_energy(energies: &Tensor, beta: f64, volume: f64) -> Result<Tensor> {
    let sum = log_sum_exp(&(energies * -beta)?)?.squeeze(D::Minus1)?;
    Ok(((sum + volume.ln())? * (-1.0 / beta))?)
}

/// `min_z E(z)` over the last dimension, (.., Z) to (..); the first of equals gets the gradient.
///
/// LeCun et al. 2006, eq. 4. The limit of [`free_energy`] as beta → ∞.
///
/// # Errors
/// A tensor operation failed.
pub fn lowest(energies: &Tensor) -> Result<Tensor> {
    let best = energies.detach().argmin_keepdim(D::Minus1)?;
    Ok(energies
        .contiguous()?
        .gather(&best, D::Minus1)?
        .squeeze(D::Minus1)?)
}

/// Gibbs distribution `P(y) = exp(−beta E(y)) / Σ_y' exp(−beta E(y'))` over the last dimension, of the same shape.
///
/// LeCun et al. 2006, eq. 1. For a grid of y it is the probability of each cell. Energies of two models
/// trained apart only compare after this, with a beta fitted to each.
///
/// # Errors
/// A tensor operation failed.
pub fn gibbs(energies: &Tensor, beta: f64) -> Result<Tensor> {
    let scaled = (energies * -beta)?;
    Ok(scaled.broadcast_sub(&log_sum_exp(&scaled)?)?.exp()?)
}
