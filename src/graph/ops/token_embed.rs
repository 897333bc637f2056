//! Class token and learned positions.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::graph::positions::Resampled;
use crate::params::{Init, ParamSpec, Role};

/// Puts a learned class token before the others (when asked for) and adds a learned vector to every position
/// (Dosovitskiy et al. 2021).
///
/// Takes (tokens, width), gives (tokens + 1, width) with a class token. Parameters are timm's `cls_token`
/// (1, 1, width) and `pos_embed` (1, tokens, width) right under the node's name. Images of another size than the
/// positions were learned for see them resampled, the class token's excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEmbed {
    /// Tokens that positions are learned for.
    pub tokens: usize,
    /// Size of a token.
    pub width: usize,
    /// Whether a class token is put first.
    pub class_token: bool,
    /// Another grid than the learned one; `None` for the learned one.
    pub resampled: Option<Resampled>,
}

impl TokenEmbed {
    /// Tokens of the input.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.resampled.map_or(self.tokens, |r| r.to[0] * r.to[1])
    }

    /// Tokens of the output.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.seen() + usize::from(self.class_token)
    }

    /// Learned positions (1, tokens, width) on the grid in use.
    fn resample(&self, resampled: Resampled, learned: &Tensor) -> Result<Tensor> {
        let first = usize::from(self.class_token);
        let matrix = Tensor::from_vec(
            resampled.matrix(),
            (self.seen(), self.tokens),
            learned.device(),
        )?;
        let grid = learned.narrow(1, first, self.tokens)?.squeeze(0)?;
        let grid = matrix
            .to_dtype(learned.dtype())?
            .matmul(&grid.contiguous()?)?
            .unsqueeze(0)?;
        Ok(Tensor::cat(&[&learned.narrow(1, 0, first)?, &grid], 1)?)
    }
}

impl Layer for TokenEmbed {
    fn name(&self) -> &'static str {
        "token_embed"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[tokens, width]] if (tokens, width) == (self.seen(), self.width) => {
                Ok(vec![self.positions(), width])
            }
            _ => Err(Error::Usage(format!(
                "positions of ({}, {}) tokens cannot be added to {inputs:?}",
                self.seen(),
                self.width
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
        let mut specs = vec![spec(
            "pos_embed",
            self.tokens + usize::from(self.class_token),
            0.02,
        )];
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
        let positions = match self.resampled {
            None => weights[0].clone(),
            Some(resampled) => self.resample(resampled, &weights[0])?,
        };
        Ok(x.broadcast_add(&positions)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let learned = Self {
            tokens: 3,
            width: 6,
            class_token: true,
            resampled: None,
        };
        let resampled = Self {
            tokens: 12,
            resampled: Some(Resampled {
                from: [3, 4],
                to: [2, 5],
            }),
            ..learned
        };
        vec![(learned, vec![3, 6]), (resampled, vec![10, 6])]
    }
}
