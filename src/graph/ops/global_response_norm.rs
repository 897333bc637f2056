//! Global response normalisation.

use candle_core::{D, Tensor};

use super::features::over_channels;
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `x + bias + weight · x · n_c`, with `n_c = ‖x_c‖ / (mean over channels of ‖x_c‖ + eps)` and `‖x_c‖` the length of
/// channel c over all positions (Woo et al. 2023, ConvNeXt V2).
///
/// Takes (C, height, width), gives the same shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GlobalResponseNorm {
    /// Channels.
    pub channels: usize,
    /// Added to the mean length; 1e-6 in ConvNeXt V2.
    pub eps: f64,
}

impl Layer for GlobalResponseNorm {
    fn name(&self) -> &'static str {
        "global_response_norm"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [shape @ [channels, _, _]] if *channels == self.channels => Ok(shape.to_vec()),
            _ => Err(Error::Usage(format!(
                "a response norm over {} channels cannot take {inputs:?}",
                self.channels
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        let spec = |name: &str| ParamSpec {
            name: format!("{prefix}.{name}"),
            shape: vec![self.channels],
            init: Init::Constant(0.0),
            role: Role::Plain,
        };
        vec![spec("weight"), spec("bias")]
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let x = &inputs[0];
        let squares = x.flatten_from(2)?.sqr()?.sum(D::Minus1)?;
        // The gradient of a root at 0 is infinite: of channels that are 0 everywhere it has to be 0.
        let length = (squares + 1e-24)?.sqrt()?;
        let mean = (length.mean_keepdim(1)? + self.eps)?;
        let relative = length.broadcast_div(&mean)?.unsqueeze(2)?.unsqueeze(3)?;
        let weight = over_channels(&weights[0], x)?;
        let bias = over_channels(&weights[1], x)?;
        let scaled = x.broadcast_mul(&relative)?.broadcast_mul(&weight)?;
        Ok((x + scaled.broadcast_add(&bias)?)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        6 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            channels: 3,
            eps: 1e-6,
        };
        vec![(op, vec![3, 4, 5])]
    }
}
