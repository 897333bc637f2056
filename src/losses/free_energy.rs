//! Sums and minima over what is not observed: latents, and answers as a distribution.

use candle_core::{D, Tensor};

use super::stable::log_sum_exp;
use crate::error::Result;

/// Free energy `F_beta = −(1/beta) log Σ_z exp(−beta E(z))` over the last dimension, (.., Z) to (..).
///
/// Never above the lowest energy, and equal to it for one z and as beta → ∞; with `volume` (that of a cell
/// of a grid of z, or 1/Z for a mean) it is the integral `−(1/beta) log ∫ exp(−beta E) dz`. Energies in any
/// unit, `beta` in one over it. Source: LeCun et al. 2006, section 4.2. Choose it over [`lowest`] while
/// training: it lets every latent value learn, not only the one that wins.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::free_energy;
/// let energies = Tensor::new(&[0.5, 0.5], &Cpu)?;
/// let value = free_energy(&energies, 1.0, 1.0)?.to_scalar::<f64>()?;
/// assert!((value - (0.5 - 2_f64.ln())).abs() < 1e-9); // −log(2 exp(−0.5))
/// # Ok::<(), ravine::error::Error>(())
/// ```
///
/// # Errors
/// A tensor operation failed.
pub fn free_energy(energies: &Tensor, beta: f64, volume: f64) -> Result<Tensor> {
    let sum = log_sum_exp(&(energies * -beta)?)?.squeeze(D::Minus1)?;
    Ok(((sum + volume.ln())? * (-1.0 / beta))?)
}

/// `min_z E(z)` over the last dimension, (.., Z) to (..); the first of equals gets the gradient.
///
/// Source: LeCun et al. 2006, section 4. The limit of [`free_energy`] as beta → ∞.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::lowest;
/// assert_eq!(lowest(&Tensor::new(&[0.3, 0.1, 0.2], &Cpu)?)?.to_scalar::<f64>()?, 0.1);
/// # Ok::<(), ravine::error::Error>(())
/// ```
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
/// Source: LeCun et al. 2006, section 1.3. For a grid of y it is the probability of each cell. Energies of two models
/// trained apart only compare after this, with a beta fitted to each.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::gibbs;
/// let p = gibbs(&Tensor::new(&[0.0, 3_f64.ln()], &Cpu)?, 1.0)?.to_vec1::<f64>()?;
/// assert!((p[0] - 0.75).abs() < 1e-9 && (p[1] - 0.25).abs() < 1e-9); // 1 against 1/3
/// # Ok::<(), ravine::error::Error>(())
/// ```
///
/// # Errors
/// A tensor operation failed.
pub fn gibbs(energies: &Tensor, beta: f64) -> Result<Tensor> {
    let scaled = (energies * -beta)?;
    Ok(scaled.broadcast_sub(&log_sum_exp(&scaled)?)?.exp()?)
}
