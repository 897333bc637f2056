//! Rotary positions.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// Turns pairs of numbers of every query and key by angles that grow with the patch's place (Su et al. 2021), the way of
/// DINOv3 (Siméoni et al. 2025): the angle of frequency j along an axis is `2π · c / base^(4j / d)` with c the middle of the
/// patch on an axis from −1 to 1; the rows' frequencies come first, then the columns'; number i of the first half of a head
/// is paired with number i of the second.
///
/// Takes and gives (tokens, 3·width), queries, keys, values; the first `prefix` tokens and all values pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotary {
    /// Number of heads; the size of a head is a multiple of 4.
    pub heads: usize,
    /// Tokens in front of the patches.
    pub prefix: usize,
    /// Rows and columns of patches.
    pub grid: [usize; 2],
    /// Ratio of the longest to the shortest period; 100 in DINOv3.
    pub base: f64,
}

impl Rotary {
    /// Cosines, then sines of every patch and frequency (patches, size / 2) for heads of `size` numbers.
    #[must_use]
    pub fn tables(&self, size: usize) -> [Vec<f32>; 2] {
        let quarter = size / 4;
        let mut tables = [Vec::new(), Vec::new()];
        for patch in 0..self.grid[0] * self.grid[1] {
            let place = [patch / self.grid[1], patch % self.grid[1]];
            for (at, sides) in place.into_iter().zip(self.grid) {
                let center = (at as f64 + 0.5) / sides as f64 * 2.0 - 1.0;
                for j in 0..quarter {
                    let period = self.base.powf(2.0 * j as f64 / (2 * quarter) as f64);
                    let angle = std::f64::consts::TAU * center / period;
                    tables[0].push(angle.cos() as f32);
                    tables[1].push(angle.sin() as f32);
                }
            }
        }
        tables
    }

    /// The tokens of a sample.
    fn tokens(&self) -> usize {
        self.prefix + self.grid[0] * self.grid[1]
    }
}

impl Layer for Rotary {
    fn name(&self) -> &'static str {
        "rotary"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [shape @ [tokens, width]]
                if *tokens == self.tokens() && self.heads > 0 && width % (12 * self.heads) == 0 =>
            {
                Ok(shape.to_vec())
            }
            _ => Err(Error::Usage(format!(
                "rotary positions take ({}, 3 x width) with heads of a multiple of 4 numbers, not {inputs:?}",
                self.tokens()
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        let x = &inputs[0];
        let (batch, tokens, width) = x.dims3()?;
        let (size, patches) = (width / 3 / self.heads, tokens - self.prefix);
        let half = size / 2;
        let [cos, sin] = self.tables(size).map(|table| {
            Tensor::from_vec(table, (1, patches, 1, half), x.device())?.to_dtype(x.dtype())
        });
        let (cos, sin) = (cos?, sin?);
        let turned = x.narrow(2, 0, width / 3 * 2)?;
        let rest = x.narrow(2, width / 3 * 2, width / 3)?;
        let shape = (batch, patches, 2 * self.heads, size);
        let grid = turned.narrow(1, self.prefix, patches)?.contiguous()?;
        let grid = grid.reshape(shape)?;
        let (a, b) = (grid.narrow(3, 0, half)?, grid.narrow(3, half, half)?);
        let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
        let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
        let grid = Tensor::cat(&[first, second], 3)?.reshape((batch, patches, width / 3 * 2))?;
        let turned = Tensor::cat(&[turned.narrow(1, 0, self.prefix)?, grid], 1)?;
        Ok(Tensor::cat(&[turned, rest], 2)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        2 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            heads: 2,
            prefix: 1,
            grid: [2, 3],
            base: 100.0,
        };
        vec![(op, vec![7, 48])]
    }
}
