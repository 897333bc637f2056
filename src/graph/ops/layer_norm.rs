//! Layer normalisation.

use candle_core::{D, Tensor};

use super::features::{channels, over_last};
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `(x − mean) / sqrt(var + eps) · weight + bias` over the features, biased variance (Ba et al. 2016).
///
/// Takes (width), (tokens, width) or (width, H, W): an image is normalised over its channels, position by
/// position, as in ConvNeXt. Gives the same shape.
/// Written from differentiable operations: candle's fused layer norm has no backward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// Size of the last dimension.
    pub width: usize,
    /// Added to the variance; 1e-6 in ViTs.
    pub eps: f64,
}

impl Layer for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [shape] if channels(shape) == Some(self.width) => Ok(shape.to_vec()),
            _ => Err(Error::Usage(format!(
                "a layer norm over {} features cannot take {inputs:?}",
                self.width
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        [("weight", 1.0), ("bias", 0.0)]
            .into_iter()
            .map(|(name, value)| ParamSpec {
                name: format!("{prefix}.{name}"),
                shape: vec![self.width],
                init: Init::Constant(value),
                role: Role::Plain,
            })
            .collect()
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        over_last(&inputs[0], |x| {
            let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
            let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
            let scaled = centered.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
            Ok(scaled
                .broadcast_mul(&weights[0])?
                .broadcast_add(&weights[1])?)
        })
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        8 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            width: 6,
            eps: 1e-5,
        };
        vec![(op, vec![6]), (op, vec![6, 3, 2])]
    }
}
