//! Batch normalisation over images or vectors.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `y = (x − mean) / sqrt(var + eps) · weight + bias` per channel (Ioffe & Szegedy 2015).
///
/// Takes (C) or (C, ..), gives the same shape.
/// Training uses the batch's mean and biased variance and moves the running statistics by
/// `new = (1 − momentum) · old + momentum · batch`, where the running variance takes the unbiased one, as PyTorch does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// Channels: the first dimension of a sample.
    pub channels: usize,
    /// Added to the variance.
    pub eps: f64,
    /// Weight of the batch in the running statistics.
    pub momentum: f64,
    /// Whether weight and bias are there; without them the output is only standardised.
    pub affine: bool,
    /// Start of the weight: 0 on the last norm of a residual branch makes the branch start silent.
    pub start: f64,
}

impl BatchNorm {
    /// PyTorch's defaults.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self {
            channels,
            eps: 1e-5,
            momentum: 0.1,
            affine: true,
            start: 1.0,
        }
    }

    /// Standardises only: no weight, no bias.
    #[must_use]
    pub fn without_affine(channels: usize) -> Self {
        Self {
            affine: false,
            ..Self::new(channels)
        }
    }

    /// Index of the running mean among the parameters.
    fn buffers(&self) -> usize {
        if self.affine { 2 } else { 0 }
    }
}

impl Layer for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [shape] if shape.first() == Some(&self.channels) => Ok(shape.to_vec()),
            _ => Err(Error::Usage(format!(
                "a batch norm over {} channels cannot take {inputs:?}",
                self.channels
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        let spec = |name: &str, value, role| ParamSpec {
            name: format!("{prefix}.{name}"),
            shape: vec![self.channels],
            init: Init::Constant(value),
            role,
        };
        let mut specs = Vec::new();
        if self.affine {
            specs.push(spec("weight", self.start, Role::Plain));
            specs.push(spec("bias", 0.0, Role::Plain));
        }
        specs.push(spec("running_mean", 0.0, Role::Buffer));
        specs.push(spec("running_var", 1.0, Role::Buffer));
        specs
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], mode: Mode) -> Result<Tensor> {
        let shape = inputs[0].dims();
        let x = flat(&inputs[0])?;
        let rows = x.dim(0)?;
        let per_channel = |x: &Tensor| x.reshape((1, self.channels, 1));
        let (variance, centered) = if mode.batch_statistics() {
            let (_, variance, centered) = statistics(&x)?;
            (variance, centered)
        } else {
            let buffers = &weights[self.buffers()..];
            let mean = of_samples(&per_channel(&buffers[0])?, rows)?;
            (per_channel(&buffers[1])?, x.broadcast_sub(&mean)?)
        };
        let mut scale = (variance + self.eps)?.sqrt()?.recip()?;
        if self.affine {
            scale = (scale * per_channel(&weights[0])?)?;
        }
        let mut y = centered.broadcast_mul(&of_samples(&scale, rows)?)?;
        if self.affine {
            let bias = per_channel(&weights[1])?;
            y = y.broadcast_add(&of_samples(&bias, rows)?)?;
        }
        Ok(y.reshape(shape)?)
    }

    fn updated_buffers(&self, inputs: &[Tensor], weights: &[Tensor]) -> Result<Vec<Tensor>> {
        let x = flat(&inputs[0].detach())?;
        let (mean, variance, _) = statistics(&x)?;
        let count = x.elem_count() / self.channels;
        let unbiased = (variance * (count as f64 / (count.max(2) - 1) as f64))?;
        let running = &weights[self.buffers()..];
        let mix = |old: &Tensor, new: Tensor| -> Result<Tensor> {
            let new = (new.flatten_all()? * self.momentum)?;
            Ok(((old * (1.0 - self.momentum))? + new)?)
        };
        Ok(vec![mix(&running[0], mean)?, mix(&running[1], unbiased)?])
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        4 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![
            (Self::new(3), vec![3, 6, 7]),
            (Self::without_affine(6), vec![6]),
        ]
    }
}

/// Mean and biased variance of `x` (N, C, values), each (1, C, 1), and `x` less its mean.
fn statistics(x: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let rows = x.dim(0)?;
    let mean = over_samples(x)?;
    let centered = x.broadcast_sub(&of_samples(&mean, rows)?)?;
    let variance = over_samples(&centered.sqr()?)?;
    Ok((mean, variance, centered))
}

/// `x` (N, C, ..) as (N, C, values).
fn flat(x: &Tensor) -> Result<Tensor> {
    let (rows, channels) = (x.dim(0)?, x.dim(1)?);
    Ok(x.reshape((rows, channels, x.elem_count() / (rows * channels)))?)
}

/// The mean (1, C, 1) of (N, C, values), last dimension first: candle sums that one without looking up where
/// each value lies, which takes an order of magnitude longer.
fn over_samples(x: &Tensor) -> Result<Tensor> {
    Ok(x.mean_keepdim(2)?.mean_keepdim(0)?)
}

/// (1, C, 1) as (N, C, 1): its gradient is then summed like [`over_samples`] sums.
fn of_samples(x: &Tensor, rows: usize) -> Result<Tensor> {
    Ok(x.broadcast_as((rows, x.dim(1)?, 1))?.contiguous()?)
}
