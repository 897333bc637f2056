//! Layer norms of queries and keys.

use candle_core::Tensor;

use super::layer_norm::LayerNorm;
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::ParamSpec;

/// A layer norm of the queries and one of the keys, each over the numbers of a head (Dehghani et al. 2023), between
/// timm's `qkv` layer and the attention. Values pass.
///
/// Takes and gives (tokens, 3·width); parameters are timm's `q_norm` and `k_norm` under the node's name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadNorm {
    /// Number of heads.
    pub heads: usize,
    /// Numbers of a head.
    pub size: usize,
    /// Added to the variances.
    pub eps: f64,
}

impl HeadNorm {
    /// The norm of one of the two.
    #[must_use]
    pub fn norm(&self) -> LayerNorm {
        LayerNorm {
            width: self.size,
            eps: self.eps,
        }
    }
}

impl Layer for HeadNorm {
    fn name(&self) -> &'static str {
        "head_norm"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [shape @ [_, width]] if *width == 3 * self.heads * self.size => Ok(shape.to_vec()),
            _ => Err(Error::Usage(format!(
                "norms of {} heads of {} take (tokens, {}), not {inputs:?}",
                self.heads,
                self.size,
                3 * self.heads * self.size
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        ["q_norm", "k_norm"]
            .iter()
            .flat_map(|name| self.norm().parameters(&format!("{prefix}.{name}")))
            .collect()
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], mode: Mode) -> Result<Tensor> {
        let (batch, tokens, width) = inputs[0].dims3()?;
        let split = inputs[0].reshape((batch, tokens, 3, self.heads * self.size))?;
        let part = |i: usize| -> Result<Tensor> {
            let part = split.narrow(2, i, 1)?.contiguous()?;
            Ok(part.reshape((batch * tokens * self.heads, self.size))?)
        };
        let norm = |i: usize| -> Result<Tensor> {
            let normed = self
                .norm()
                .forward(&[part(i)?], &weights[2 * i..][..2], mode)?;
            Ok(normed.reshape((batch, tokens, width / 3))?)
        };
        let values = part(2)?.reshape((batch, tokens, width / 3))?;
        Ok(Tensor::cat(&[norm(0)?, norm(1)?, values], 2)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        8 * (output.iter().product::<usize>() / 3 * 2) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            heads: 2,
            size: 4,
            eps: 1e-5,
        };
        vec![(op, vec![5, 24])]
    }
}
