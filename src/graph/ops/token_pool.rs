//! One vector from a sequence of tokens.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `(tokens, width) -> (width)`: the class token, or the mean over the tokens of patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPool {
    /// The first token.
    Class,
    /// The mean over the tokens but the first few.
    Mean {
        /// Tokens in front that are left out: class token and registers.
        skip: usize,
    },
}

impl TokenPool {
    /// Tokens in front that the mean leaves out.
    fn skipped(self) -> usize {
        match self {
            Self::Class => 0,
            Self::Mean { skip } => skip,
        }
    }
}

impl Layer for TokenPool {
    fn name(&self) -> &'static str {
        "token_pool"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[tokens, width]] if tokens > self.skipped() => Ok(vec![width]),
            _ => Err(Error::Usage(format!(
                "token pooling takes (tokens, width), not {inputs:?}"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        Ok(match *self {
            Self::Class => inputs[0].narrow(1, 0, 1)?.squeeze(1)?.contiguous()?,
            Self::Mean { skip } => {
                let tokens = inputs[0].dim(1)? - skip;
                inputs[0].narrow(1, skip, tokens)?.mean(1)?
            }
        })
    }

    fn operations(&self, inputs: &[&[usize]], _: &[usize]) -> u64 {
        inputs[0].iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        [Self::Class, Self::Mean { skip: 0 }, Self::Mean { skip: 2 }]
            .map(|op| (op, vec![3, 6]))
            .to_vec()
    }
}
