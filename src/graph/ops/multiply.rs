//! Product of two branches.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `a · b`: two equal shapes, or an image (C, height, width) and one factor a channel (C, 1, 1), the gate of
/// squeeze-and-excitation (Hu et al. 2018).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiply;

impl Layer for Multiply {
    fn name(&self) -> &'static str {
        "multiply"
    }

    fn inputs(&self) -> usize {
        2
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [a, b] if a == b => Ok(a.to_vec()),
            [image @ [channels, _, _], [gates, 1, 1]] if channels == gates => Ok(image.to_vec()),
            _ => Err(Error::Usage(format!(
                "cannot multiply branches of shapes {inputs:?}"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(inputs[0].broadcast_mul(&inputs[1])?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![3, 6, 7]), (Self, vec![4, 1, 1])]
    }
}
