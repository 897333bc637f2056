//! Multi-head self-attention between two linear layers.

use candle_core::{D, Tensor};

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `softmax(q kᵀ / √d) v` in each head, without mask or dropout (Vaswani et al. 2017).
///
/// Takes (tokens, 3·width), the output of timm's `qkv` layer: queries, keys, values, each split into heads of
/// d = width / heads. Gives (tokens, width), the heads side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Number of heads; divides the width.
    pub heads: usize,
}

impl Layer for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[tokens, width]] if self.heads > 0 && width % (3 * self.heads) == 0 => {
                Ok(vec![tokens, width / 3])
            }
            _ => Err(Error::Usage(format!(
                "attention of {} heads takes (tokens, 3 x width) with a width that the heads divide, not {inputs:?}",
                self.heads
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        let (batch, tokens, width) = inputs[0].dims3()?;
        let size = width / 3 / self.heads;
        let split = inputs[0].reshape((batch, tokens, 3, self.heads, size))?;
        let part = |i: usize| -> Result<Tensor> {
            let part = split.narrow(2, i, 1)?.squeeze(2)?;
            Ok(part.transpose(1, 2)?.contiguous()?) // (N, heads, tokens, d)
        };
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let scores = (q.matmul(&k.t()?.contiguous()?)? * (size as f64).powf(-0.5))?;
        let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
        let joined = weights.matmul(&v)?.transpose(1, 2)?;
        Ok(joined.reshape((batch, tokens, width / 3))?)
    }

    fn operations(&self, inputs: &[&[usize]], output: &[usize]) -> u64 {
        4 * (inputs[0][0] * output.iter().product::<usize>()) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self { heads: 2 }, vec![5, 24])]
    }
}
