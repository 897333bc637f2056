//! Rectified linear unit.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `max(0, x)`, element by element (Nair & Hinton 2010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relu;

impl Layer for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].relu()?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![3, 6, 7])]
    }
}
