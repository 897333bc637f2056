//! From a vector to an image of one pixel.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `(C) -> (C, 1, 1)`: pooled channels on their way into the 1×1 convolutions of squeeze-and-excitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsqueeze;

impl Layer for Unsqueeze {
    fn name(&self) -> &'static str {
        "unsqueeze"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[channels]] => Ok(vec![channels, 1, 1]),
            _ => Err(Error::Usage(format!(
                "a vector becomes an image of one pixel, not {inputs:?}"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].unsqueeze(2)?.unsqueeze(3)?)
    }

    fn operations(&self, _: &[&[usize]], _: &[usize]) -> u64 {
        0
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![5])]
    }
}
