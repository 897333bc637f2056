use candle_core::{Device, Tensor};

use crate::error::Result;

/// A latent variable as the decoder sees it.
pub trait Latents: Send + Sync {
    /// Numbers in a value of z.
    fn dim(&self) -> usize;

    /// Numbers that the decoder receives of it.
    fn features(&self) -> usize {
        self.dim()
    }

    /// z (.., d) as the decoder receives it, (.., features).
    ///
    /// # Errors
    /// A tensor operation failed.
    fn decoded(&self, z: &Tensor) -> Result<Tensor> {
        Ok(z.clone())
    }

    /// All values (Z, d), or those of a grid; `None` when z is searched by gradient descent.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn values(&self, device: &Device) -> Result<Option<Tensor>>;

    /// The part of the space of z that each of the values stands for.
    fn volume(&self) -> f64 {
        1.0
    }

    /// The penalty R(z) of z (.., d), in the units of the energy: (..).
    ///
    /// # Errors
    /// A tensor operation failed.
    fn penalty(&self, _z: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// Standard deviation of the noise added to z in training; 0 for none.
    fn noise(&self) -> f64 {
        0.0
    }

    /// How z is searched: starts, steps, first step size.
    fn search(&self) -> (usize, usize, f64) {
        (1, 0, 0.0)
    }

    /// Lowest and highest value of each number of z, where it is searched.
    fn bounds(&self) -> (f64, f64) {
        (-1.0, 1.0)
    }

    /// A warning when z can carry every answer of `dim` numbers, so that any y is predicted perfectly.
    fn warning(&self, dim: usize) -> Option<String>;

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()>;
}
