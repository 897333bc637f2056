//! The gated unit of SwiGLU.

use candle_core::{D, Tensor};

use super::pointwise::sigmoid;
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `silu(a) · b` of (.., 2·width) = (a, b): between the two linear layers of a gated MLP (Shazeer 2020), as in the giant
/// transformer of DINOv2. Gives (.., width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwiGlu;

impl Layer for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [[before @ .., last]] if before.len() < 2 && last % 2 == 0 => {
                Ok([before, &[last / 2]].concat())
            }
            _ => Err(Error::Usage(format!(
                "a gated unit takes (.., 2 x width), not {inputs:?}"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        let half = inputs[0].dim(D::Minus1)? / 2;
        let gate = inputs[0].narrow(D::Minus1, 0, half)?.contiguous()?;
        let value = inputs[0].narrow(D::Minus1, half, half)?.contiguous()?;
        Ok(((&gate * sigmoid(&gate)?)? * value)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        9 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![3, 8])]
    }
}
