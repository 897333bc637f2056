//! Batch normalisation over images or vectors.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::{Layer, Mode};
use crate::params::{Init, ParamSpec, Role};

/// `y = (x − mean) / sqrt(var + eps) · weight + bias` per channel (Ioffe & Szegedy 2015).
///
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

    /// Mean and biased variance, each (1, C, 1..), and the number of values behind them.
    fn statistics(&self, x: &Tensor) -> Result<(Tensor, Tensor, usize)> {
        let dims: Vec<usize> = (0..x.rank()).filter(|&d| d != 1).collect();
        let mean = x.mean_keepdim(dims.as_slice())?;
        let variance = x
            .broadcast_sub(&mean)?
            .sqr()?
            .mean_keepdim(dims.as_slice())?;
        Ok((mean, variance, x.elem_count() / self.channels))
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
        let x = &inputs[0];
        let mut shape = vec![1; x.rank()];
        shape[1] = self.channels;
        let buffers = &weights[self.buffers()..];
        let (mean, variance) = if mode.batch_statistics() {
            let (mean, variance, _) = self.statistics(x)?;
            (mean, variance)
        } else {
            let shape = shape.as_slice();
            (buffers[0].reshape(shape)?, buffers[1].reshape(shape)?)
        };
        let y = x
            .broadcast_sub(&mean)?
            .broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        if !self.affine {
            return Ok(y);
        }
        let shape = shape.as_slice();
        Ok(y.broadcast_mul(&weights[0].reshape(shape)?)?
            .broadcast_add(&weights[1].reshape(shape)?)?)
    }

    fn updated_buffers(&self, inputs: &[Tensor], weights: &[Tensor]) -> Result<Vec<Tensor>> {
        let (mean, variance, count) = self.statistics(&inputs[0].detach())?;
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
}
