//! From a grid of positions to a sequence of tokens.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `(C, H, W) -> (H·W, C)`, row after row: a patch embedding is a convolution with stride = kernel, then this
/// (Dosovitskiy et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToTokens;

impl Layer for ToTokens {
    fn name(&self) -> &'static str {
        "to_tokens"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[channels, height, width]] => Ok(vec![height * width, channels]),
            _ => Err(Error::Usage(format!(
                "tokens are made of (channels, height, width), not of {inputs:?}"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].flatten_from(2)?.transpose(1, 2)?.contiguous()?)
    }

    fn operations(&self, _: &[&[usize]], _: &[usize]) -> u64 {
        0
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![3, 6, 7])]
    }
}
