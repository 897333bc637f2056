//! Hyperbolic tangent.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `tanh(x)`, element by element: the smooth, bounded activation of small regression networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tanh;

impl Layer for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].tanh()?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        8 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![6])]
    }
}
