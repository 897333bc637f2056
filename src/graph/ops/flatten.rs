//! All dimensions of a sample in one.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `(C, H, W) -> (C·H·W)` in row-major order, channels slowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten;

impl Layer for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![inputs[0].iter().product()])
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].flatten_from(1)?)
    }

    fn operations(&self, _: &[&[usize]], _: &[usize]) -> u64 {
        0
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![3, 6, 7])]
    }
}
