//! Class token and learned positions.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::graph::positions::Resampled;
use crate::params::{Init, ParamSpec, Role};

/// Which tokens have a learned position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// None has one: positions come in elsewhere, see [`Rotary`](super::Rotary).
    Nowhere,
    /// Those of patches, which timm calls `no_embed_class`.
    Patches,
    /// Those of patches and the class token, not the registers: DINOv2.
    Class,
    /// All, class token and registers included.
    #[default]
    All,
}

/// Puts learned tokens before the others, a class token and registers, and adds a learned vector to every position
/// (Dosovitskiy et al. 2021; registers: Darcet et al. 2024).
///
/// Takes (tokens, width), gives (first + tokens, width). Parameters are timm's `cls_token` (1, 1, width), `reg_token`
/// (1, registers, width) and `pos_embed` (1, positions, width) right under the node's name. Images of another size than the
/// positions were learned for see them resampled, those of the tokens in front excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEmbed {
    /// Patches that positions are learned for.
    pub tokens: usize,
    /// Size of a token.
    pub width: usize,
    /// Whether a class token is put first.
    pub class_token: bool,
    /// Learned tokens between the class token and the patches.
    pub registers: usize,
    /// Which tokens have a learned position.
    pub positions: Positions,
    /// Another grid than the learned one; `None` for the learned one.
    pub resampled: Option<Resampled>,
}

impl TokenEmbed {
    /// Tokens of the input.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.resampled.map_or(self.tokens, |r| r.to[0] * r.to[1])
    }

    /// Tokens put before the others.
    #[must_use]
    pub fn first(&self) -> usize {
        usize::from(self.class_token) + self.registers
    }

    /// Tokens in front that have a learned position.
    #[must_use]
    pub fn placed(&self) -> usize {
        match self.positions {
            Positions::All => self.first(),
            Positions::Class => usize::from(self.class_token),
            Positions::Nowhere | Positions::Patches => 0,
        }
    }

    /// Learned positions on the grid in use, of `placed` tokens and of the patches.
    fn resample(&self, learned: &Tensor) -> Result<Tensor> {
        let Some(resampled) = self.resampled else {
            return Ok(learned.clone());
        };
        let matrix = Tensor::from_vec(
            resampled.matrix(),
            (self.seen(), self.tokens),
            learned.device(),
        )?;
        let first = self.placed();
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
                Ok(vec![self.first() + tokens, width])
            }
            _ => Err(Error::Usage(format!(
                "positions of ({}, {}) tokens cannot be added to {inputs:?}",
                self.seen(),
                self.width
            ))),
        }
    }

    /// In the order positions, class token, registers, as far as they exist.
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
        let mut specs = Vec::new();
        if self.positions != Positions::Nowhere {
            specs.push(spec("pos_embed", self.placed() + self.tokens, 0.02));
        }
        if self.class_token {
            specs.push(spec("cls_token", 1, 1e-6));
        }
        if self.registers > 0 {
            specs.push(spec("reg_token", self.registers, 1e-6));
        }
        specs
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let mut x = inputs[0].clone();
        let mut front = weights;
        let mut placed = None;
        if self.positions != Positions::Nowhere {
            front = &weights[1..];
            let learned = self.resample(&weights[0])?;
            let first = self.placed();
            x = x.broadcast_add(&learned.narrow(1, first, self.seen())?)?;
            placed = (first > 0)
                .then(|| learned.narrow(1, 0, first))
                .transpose()?;
        }
        if front.is_empty() {
            return Ok(x);
        }
        let mut tokens = Tensor::cat(front, 1)?;
        if let Some(placed) = placed {
            let count = placed.dim(1)?;
            let rest = tokens.narrow(1, count, self.first() - count)?;
            tokens = Tensor::cat(&[(tokens.narrow(1, 0, count)? + placed)?, rest], 1)?;
        }
        let shape = (x.dim(0)?, self.first(), self.width);
        let tokens = tokens.broadcast_as(shape)?.contiguous()?;
        Ok(Tensor::cat(&[tokens, x], 1)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let learned = Self {
            tokens: 3,
            width: 6,
            class_token: true,
            registers: 0,
            positions: Positions::All,
            resampled: None,
        };
        let resampled = Self {
            tokens: 12,
            registers: 2,
            resampled: Some(Resampled {
                from: [3, 4],
                to: [2, 5],
            }),
            ..learned
        };
        let patches = Self {
            positions: Positions::Patches,
            ..resampled
        };
        let class = Self {
            positions: Positions::Class,
            ..resampled
        };
        let nowhere = Self {
            registers: 2,
            positions: Positions::Nowhere,
            ..learned
        };
        vec![
            (learned, vec![3, 6]),
            (resampled, vec![10, 6]),
            (patches, vec![10, 6]),
            (class, vec![10, 6]),
            (nowhere, vec![3, 6]),
        ]
    }
}
