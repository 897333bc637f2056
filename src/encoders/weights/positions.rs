//! Learned positions of another grid, or without a place for the class token.

use candle_core::{D, DType, Device, Tensor};

use crate::error::Result;
use crate::graph::{Graph, Op, Resampled};

/// How positions of a file become those of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Positions of other tokens that the file has in front of the grid.
    first: usize,
    /// Rows and columns of the file's grid.
    from: [usize; 2],
    /// Rows and columns of the encoder's grid.
    to: [usize; 2],
    /// Positions in front of the encoder's grid that the file lacks: they are 0.
    empty: usize,
}

/// What positions an encoder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Tokens in front of the patches that have one.
    pub(super) front: usize,
    /// Rows and columns of patches.
    pub(super) grid: [usize; 2],
}

impl Places {
    /// Those of the transformer in `graph`.
    pub(super) fn of(graph: &Graph) -> Option<Self> {
        let nodes = graph.nodes();
        let found = nodes.iter().find_map(|node| match &node.op {
            Some(Op::TokenEmbed(embed)) => Some((embed, node.inputs[0])),
            _ => None,
        });
        let (embed, tokens) = found?;
        let image = *nodes[tokens.0].inputs.first()?;
        let &[_, rows, columns] = graph.shape(image) else {
            return None;
        };
        Some(Self {
            front: embed.placed(),
            grid: [rows, columns],
        })
    }
}

/// The plan for positions of shape `have` where the encoder's are `want`; `None` when they cannot be made to fit.
///
/// Files of transformers whose tokens in front have no position (timm's `no_embed_class`) have fewer: adding nothing to
/// those tokens is a position of 0.
pub(super) fn plan(have: &[usize], want: &[usize], places: Places) -> Option<Plan> {
    let (&[.., from, width], &[_, _, wanted]) = (have, want) else {
        return None;
    };
    if width != wanted {
        return None;
    }
    for first in (0..=places.front).rev() {
        let patches = from.checked_sub(first)?;
        let grid = if patches == places.grid[0] * places.grid[1] {
            Some(places.grid)
        } else {
            side(patches).map(|side| [side, side])
        };
        if let Some(from) = grid {
            return Some(Plan {
                first,
                from,
                to: places.grid,
                empty: places.front - first,
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

    /// Whether tokens in front of the encoder's grid have no position in the file.
    pub(super) fn lacks(self) -> bool {
        self.empty > 0
    }

    /// Positions (1, tokens of the encoder, width) from those of the file.
    pub(super) fn apply(self, value: &Tensor) -> Result<Tensor> {
        let (a, b) = (self.from[0] * self.from[1], self.to[0] * self.to[1]);
        let width = value.dim(D::Minus1)?;
        let value = value.reshape((1, self.first + a, width))?;
        let mut grid = value.narrow(1, self.first, a)?;
        if self.resamples() {
            let matrix = Resampled {
                from: self.from,
                to: self.to,
            };
            let matrix = Tensor::from_vec(matrix.matrix(), (b, a), &Device::Cpu)?;
            let rows = grid.contiguous()?.reshape((a, width))?;
            grid = matrix.matmul(&rows)?.unsqueeze(0)?;
        }
        let mut rows = Vec::new();
        if self.first > 0 {
            rows.push(value.narrow(1, 0, self.first)?);
        }
        if self.empty > 0 {
            let shape = (1, self.empty, width);
            rows.push(Tensor::zeros(shape, DType::F32, &Device::Cpu)?);
        }
        rows.push(grid);
        Ok(Tensor::cat(&rows, 1)?)
    }
}
