//! Learned positions of another grid, or without a place for the class token.

use candle_core::{DType, Device, Tensor};

use crate::error::Result;
use crate::graph::Resampled;

/// How positions of a file become those of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Positions of other tokens that the file has in front of the grid.
    first: usize,
    /// Side of the file's grid.
    from: usize,
    /// Side of the encoder's grid.
    to: usize,
    /// Positions in front of the encoder's grid that the file lacks: they are 0.
    empty: usize,
}

/// The plan for positions of shape `have` where the encoder's are `want`; `None` when they cannot be made to fit.
///
/// The encoder has a position for a class token when `class`. Files of transformers whose class token has no position
/// (timm's `no_embed_class`) have one token fewer: adding nothing to that token is a position of 0.
pub(super) fn plan(have: &[usize], want: &[usize], class: bool) -> Option<Plan> {
    let (&[1, from, width], &[1, to, wanted]) = (have, want) else {
        return None;
    };
    if width != wanted {
        return None;
    }
    let own = usize::from(class);
    let to = side(to.checked_sub(own)?)?;
    for first in (0..=own).rev() {
        if let Some(from) = from.checked_sub(first).and_then(side) {
            let empty = own - first;
            return Some(Plan {
                first,
                from,
                to,
                empty,
            });
        }
    }
    None
}

/// The side of a square grid of `tokens`.
fn side(tokens: usize) -> Option<usize> {
    let side = tokens.isqrt();
    (side > 0 && side * side == tokens).then_some(side)
}

impl Plan {
    /// Whether the grid is another one.
    pub(super) fn resamples(self) -> bool {
        self.from != self.to
    }

    /// Positions (1, tokens of the encoder, width) from those of the file.
    pub(super) fn apply(self, value: &Tensor) -> Result<Tensor> {
        let (a, b) = (self.from, self.to);
        let width = value.dim(2)?;
        let mut grid = value.narrow(1, self.first, a * a)?;
        if self.resamples() {
            let matrix = Resampled {
                from: [a, a],
                to: [b, b],
            };
            let matrix = Tensor::from_vec(matrix.matrix(), (b * b, a * a), &Device::Cpu)?;
            let rows = grid.contiguous()?.reshape((a * a, width))?;
            grid = matrix.matmul(&rows)?.unsqueeze(0)?;
        }
        let mut rows = Vec::new();
        if self.empty > 0 {
            let shape = (1, self.empty, width);
            rows.push(Tensor::zeros(shape, DType::F32, &Device::Cpu)?);
        }
        if self.first > 0 {
            rows.push(value.narrow(1, 0, self.first)?);
        }
        rows.push(grid);
        Ok(Tensor::cat(&rows, 1)?)
    }
}
