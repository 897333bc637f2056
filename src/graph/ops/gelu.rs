//! Gaussian error linear unit.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `x/2 · (1 + erf(x/√2))`, the exact form (Hendrycks & Gimpel 2016), not the tanh approximation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gelu;

impl Layer for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].gelu_erf()?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        8 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![6])]
    }
}
