//! What normalising with given statistics comes to.

use super::moments::ChannelMoments;

/// What normalising with given statistics comes to: `y = x · scale + shift`, a float of each per channel.
#[derive(Clone, Debug, Default)]
pub struct ScaleShift {
    /// weight / sqrt(var + eps)
    pub scale: Vec<f32>,
    /// bias − mean · scale
    pub shift: Vec<f32>,
    /// The mean that is taken off.
    pub mean: Vec<f32>,
    /// 1 / sqrt(var + eps)
    pub inverse: Vec<f32>,
}

impl ScaleShift {
    /// From the statistics and, where there are any, weight and bias.
    #[must_use]
    pub fn new(statistics: &ChannelMoments, eps: f64, weights: Option<(&[f32], &[f32])>) -> Self {
        let mut affine = Self::default();
        let both = statistics.mean.iter().zip(&statistics.variance);
        for (c, (mean, variance)) in both.enumerate() {
            let (weight, bias) = weights.map_or((1.0, 0.0), |(w, b)| (w[c], b[c]));
            let inverse = 1.0 / (variance + eps).sqrt();
            let scale = inverse * f64::from(weight);
            affine.scale.push(scale as f32);
            affine.shift.push((f64::from(bias) - mean * scale) as f32);
            affine.mean.push(*mean as f32);
            affine.inverse.push(inverse as f32);
        }
        affine
    }

    /// The number of channels: kernels read as many floats of each field through pointers.
    ///
    /// # Panics
    /// The fields are not equally long.
    pub(in crate::kernels) fn channels(&self) -> usize {
        let channels = self.scale.len();
        let lengths = [self.shift.len(), self.mean.len(), self.inverse.len()];
        assert_eq!(lengths, [channels; 3], "fields of an affine");
        channels
    }
}
