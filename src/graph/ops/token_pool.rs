//! One vector from a sequence of tokens.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `(tokens, width) -> (width)`: the class token, or the mean over all tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPool {
    /// The first token.
    Class,
    /// The mean over the tokens.
    Mean,
}

impl Layer for TokenPool {
    fn name(&self) -> &'static str {
        "token_pool"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[_, width]] => Ok(vec![width]),
            _ => Err(Error::Usage(format!(
                "token pooling takes (tokens, width), not {inputs:?}"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(match self {
            Self::Class => inputs[0].narrow(1, 0, 1)?.squeeze(1)?.contiguous()?,
            Self::Mean => inputs[0].mean(1)?,
        })
    }

    fn operations(&self, inputs: &[&[usize]], _: &[usize]) -> u64 {
        inputs[0].iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self::Class, vec![3, 6]), (Self::Mean, vec![3, 6])]
    }
}
