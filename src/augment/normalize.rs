//! Normalisation by channel statistics.

use super::check;
use super::planar::Planar;
use crate::error::{Error, Result, require};
use crate::kernels::pixels;

/// `(x − mean) / std`, channel by channel: the last step of every pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalize {
    mean: Vec<f32>,
    std: Vec<f32>,
}

impl Normalize {
    /// Statistics of `channels` channels, on values in [0, 1].
    ///
    /// # Errors
    /// [`Error::Usage`] when there are not `channels` of each or a deviation is not above zero; `key` holds both.
    pub fn new(key: &str, channels: usize, mean: &[f32], std: &[f32]) -> Result<Self> {
        for (name, values) in [("mean", mean), ("std", std)] {
            require(
                &format!("{key}.{name}"),
                values.len() == channels,
                format_args!(
                    "has {} values for images of {channels} channel(s); give one value per channel",
                    values.len()
                ),
            )?;
        }
        for &deviation in std {
            let deviation = f64::from(deviation);
            check::positive_range(&format!("{key}.std"), [deviation, deviation])?;
        }
        if let Some(mean) = mean.iter().find(|mean| !mean.is_finite()) {
            return Err(Error::key(
                &format!("{key}.mean"),
                format!("{mean} is no number; give the mean of values in [0, 1]"),
            ));
        }
        Ok(Self {
            mean: mean.to_vec(),
            std: std.to_vec(),
        })
    }

    /// Normalise `view` in place; it has as many channels as the statistics.
    pub fn apply(&self, view: &mut Planar) {
        for channel in 0..view.channels().min(self.mean.len()) {
            pixels::normalize(
                view.plane(channel),
                self.mean[channel],
                1.0 / self.std[channel],
            );
        }
    }
}
