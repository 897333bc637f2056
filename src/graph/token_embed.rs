//! Class token and learned positions.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::{Layer, Mode};
use crate::params::{Init, ParamSpec, Role};

/// Puts a learned class token before the others (when asked for) and adds a learned vector to every position.
///
/// Takes (tokens, width), gives (tokens + 1, width) with a class token. Parameters are timm's `cls_token`
/// (1, 1, width) and `pos_embed` (1, tokens, width) right under the node's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEmbed {
    /// Tokens of the input.
    pub tokens: usize,
    /// Size of a token.
    pub width: usize,
    /// Whether a class token is put first.
    pub class_token: bool,
}

impl TokenEmbed {
    /// Tokens of the output.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.tokens + usize::from(self.class_token)
    }
}

impl Layer for TokenEmbed {
    fn name(&self) -> &'static str {
        "token_embed"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[tokens, width]] if (tokens, width) == (self.tokens, self.width) => {
                Ok(vec![self.positions(), width])
            }
            _ => Err(Error::Usage(format!(
                "positions of ({}, {}) tokens cannot be added to {inputs:?}",
                self.tokens, self.width
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        // timm names them at the top of the model: a node without a name, or one appended under a prefix.
        let base = match prefix {
            "" => String::new(),
            prefix => format!("{}.", prefix.trim_end_matches('.')),
        };
        let spec = |name: &str, count, std| ParamSpec {
            name: format!("{base}{name}"),
            shape: vec![1, count, self.width],
            init: Init::TruncatedNormal(std),
            role: Role::Plain,
        };
        let mut specs = vec![spec("pos_embed", self.positions(), 0.02)];
        if self.class_token {
            specs.push(spec("cls_token", 1, 1e-6));
        }
        specs
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let x = &inputs[0];
        let x = match weights.get(1) {
            Some(class) => {
                let class = class.broadcast_as((x.dim(0)?, 1, self.width))?;
                Tensor::cat(&[&class.contiguous()?, x], 1)?
            }
            None => x.clone(),
        };
        Ok(x.broadcast_add(&weights[0])?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }
}
