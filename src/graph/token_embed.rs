//! Class token and learned positions.

use candle_core::Tensor;

use crate::augment::{Interpolation, Taps};
use crate::error::{Error, Result};
use crate::graph::{Layer, Mode};
use crate::params::{Init, ParamSpec, Role};

/// Puts a learned class token before the others (when asked for) and adds a learned vector to every position.
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

/// Learned positions brought to another grid, by antialiased bicubic interpolation (a = −0.5).
///
/// This is timm's `resample_abs_pos_embed`; DINO's own code interpolates without antialiasing and with a = −0.75.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampled {
    /// Rows and columns of the learned grid.
    pub from: [usize; 2],
    /// Rows and columns of the grid in use.
    pub to: [usize; 2],
}

impl Resampled {
    /// The matrix (to, from), row-major, that makes positions in use from learned ones.
    #[must_use]
    pub fn matrix(&self) -> Vec<f32> {
        let taps = |axis: usize| {
            let (from, to) = (self.from[axis], self.to[axis]);
            let mut taps = Taps::default();
            taps.fill(Interpolation::Bicubic, from, to, 0..to, 1.0);
            taps
        };
        let (rows, columns) = (taps(0), taps(1));
        let learned = self.from[0] * self.from[1];
        let mut matrix = vec![0.0; self.to[0] * self.to[1] * learned];
        for (token, weights) in matrix.chunks_exact_mut(learned.max(1)).enumerate() {
            let (i, j) = (token / self.to[1], token % self.to[1]);
            for row in 0..rows.count() {
                let (y, of_row) = rows.tap(i, row);
                for column in 0..columns.count() {
                    let (x, of_column) = columns.tap(j, column);
                    let weight = of_row * of_column;
                    if weight != 0.0 {
                        weights[y * self.from[1] + x] += weight; // a padding tap may point past the end
                    }
                }
            }
        }
        matrix
    }
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
}

impl TokenEmbed {
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
