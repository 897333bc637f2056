//! A learned factor for every channel.

use candle_core::Tensor;

use super::features::{channels, over_channels};
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `x · gamma`, one factor a channel: LayerScale at the end of a residual branch (Touvron et al. 2021).
///
/// Takes (C), (tokens, C) or (C, height, width), gives the same shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerScale {
    /// Channels of an image, features of a vector or a token.
    pub channels: usize,
    /// Start of the factors: 1e-5 in DINOv2's transformers, 1e-6 in ConvNeXt.
    pub start: f64,
}

impl Layer for LayerScale {
    fn name(&self) -> &'static str {
        "layer_scale"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [shape] if channels(shape) == Some(self.channels) => Ok(shape.to_vec()),
            _ => Err(Error::Usage(format!(
                "{} factors cannot scale {inputs:?}",
                self.channels
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        vec![ParamSpec {
            name: format!("{prefix}.gamma"),
            shape: vec![self.channels],
            init: Init::Constant(self.start),
            role: Role::Plain,
        }]
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let gamma = over_channels(&weights[0], &inputs[0])?;
        Ok(inputs[0].broadcast_mul(&gamma)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            channels: 3,
            start: 0.5,
        };
        vec![(op, vec![3, 4, 5]), (op, vec![4, 3])]
    }
}
