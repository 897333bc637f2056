//! Attention within windows of an image.

use candle_core::{D, Tensor};

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `softmax(q kᵀ / √d + bias) v` within windows of `window × window` positions, which are moved by `shift` and then wrap
/// around, with pairs from opposite ends of the image masked by −100 (Liu et al. 2021, Swin).
///
/// Takes (3·width, H, W), queries, keys, values, each split into heads; gives (width, H, W). The bias of a pair depends on
/// its distance in rows and columns: timm's `relative_position_bias_table` ((2·window − 1)², heads) under the node's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAttention {
    /// Number of heads.
    pub heads: usize,
    /// Side of a window; divides height and width.
    pub window: usize,
    /// Rows and columns by which windows are moved; below `window`.
    pub shift: usize,
}

impl WindowAttention {
    /// The row of the table for every pair of positions of a window.
    #[must_use]
    pub fn pairs(&self) -> Vec<u32> {
        let (w, side) = (self.window, 2 * self.window - 1);
        let pair = |at: usize| {
            let (a, b) = (at / (w * w), at % (w * w));
            let distance = |a: usize, b: usize| a + w - 1 - b;
            (distance(a / w, b / w) * side + distance(a % w, b % w)) as u32
        };
        (0..w * w * w * w).map(pair).collect()
    }

    /// −100 for pairs of positions that are apart in the image, for every window of `height × width`: (windows, pairs).
    #[must_use]
    pub fn mask(&self, height: usize, width: usize) -> Vec<f32> {
        let w = self.window;
        let region = |at: usize, size: usize| {
            usize::from(at >= size - w) + usize::from(at >= size - self.shift)
        };
        let mut mask = Vec::with_capacity(height * width * w * w);
        for row in (0..height).step_by(w) {
            for column in (0..width).step_by(w) {
                let of = |at: usize| {
                    let (y, x) = (row + at / w, column + at % w);
                    3 * region(y, height) + region(x, width)
                };
                for a in 0..w * w {
                    mask.extend((0..w * w).map(|b| if of(a) == of(b) { 0.0 } else { -100.0 }));
                }
            }
        }
        mask
    }

    /// (N, C, H, W) as (N · windows, positions, C), moved by the shift.
    fn partition(&self, x: &Tensor) -> Result<Tensor> {
        let (n, c, h, w) = x.dims4()?;
        let side = self.window;
        let x = roll(&roll(x, 2, self.shift)?, 3, self.shift)?;
        let split = x.reshape(&[n, c, h / side, side, w / side, side])?;
        let windows = split.permute(vec![0, 2, 4, 3, 5, 1])?.contiguous()?;
        Ok(windows.reshape((n * h * w / (side * side), side * side, c))?)
    }

    /// The inverse of `partition` for images of `height × width`.
    fn join(&self, x: &Tensor, height: usize, width: usize) -> Result<Tensor> {
        let (windows, area, c) = x.dims3()?;
        let side = self.window;
        let n = windows * area / (height * width);
        let split = x.reshape(&[n, height / side, width / side, side, side, c])?;
        let image = split.permute(vec![0, 5, 1, 3, 2, 4])?.contiguous()?;
        let image = image.reshape((n, c, height, width))?;
        let back = |size: usize| (size - self.shift) % size;
        roll(&roll(&image, 2, back(height))?, 3, back(width))
    }
}

/// What stood at place `by` of dimension `dim` first, what stood before it last.
fn roll(x: &Tensor, dim: usize, by: usize) -> Result<Tensor> {
    if by == 0 {
        return Ok(x.clone());
    }
    let rest = x.dim(dim)? - by;
    Ok(Tensor::cat(
        &[x.narrow(dim, by, rest)?, x.narrow(dim, 0, by)?],
        dim,
    )?)
}

impl Layer for WindowAttention {
    fn name(&self) -> &'static str {
        "window_attention"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[channels, h, w]]
                if self.heads > 0
                    && channels % (3 * self.heads) == 0
                    && self.shift < self.window
                    && h % self.window == 0
                    && w % self.window == 0 =>
            {
                Ok(vec![channels / 3, h, w])
            }
            _ => Err(Error::Usage(format!(
                "windows of {0}x{0} with {1} heads do not tile {inputs:?} (3 x width, height, width)",
                self.window, self.heads
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        let side = 2 * self.window - 1;
        vec![ParamSpec {
            name: format!("{prefix}.relative_position_bias_table"),
            shape: vec![side * side, self.heads],
            init: Init::TruncatedNormal(0.02),
            role: Role::Plain,
        }]
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let (_, channels, height, width) = inputs[0].dims4()?;
        let (size, area) = (channels / 3 / self.heads, self.window * self.window);
        let windows = self.partition(&inputs[0])?;
        let count = windows.dim(0)?;
        let split = windows.reshape((count, area, 3, self.heads, size))?;
        let part = |i: usize| -> Result<Tensor> {
            let part = split.narrow(2, i, 1)?.squeeze(2)?;
            Ok(part.transpose(1, 2)?.contiguous()?) // (windows, heads, positions, d)
        };
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let mut scores = (q.matmul(&k.t()?.contiguous()?)? * (size as f64).powf(-0.5))?;
        let pairs = Tensor::from_vec(self.pairs(), area * area, inputs[0].device())?;
        let bias = weights[0].index_select(&pairs, 0)?.t()?.contiguous()?;
        scores = scores.broadcast_add(&bias.reshape((1, self.heads, area, area))?)?;
        if self.shift > 0 {
            let each = height * width / area;
            let mask = self.mask(height, width);
            let mask = Tensor::from_vec(mask, (1, each, 1, area, area), inputs[0].device())?;
            let shape = (count / each, each, self.heads, area, area);
            let masked = scores
                .reshape(shape)?
                .broadcast_add(&mask.to_dtype(scores.dtype())?)?;
            scores = masked.reshape((count, self.heads, area, area))?;
        }
        let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
        let joined = weights.matmul(&v)?.transpose(1, 2)?.contiguous()?;
        self.join(&joined.reshape((count, area, channels / 3))?, height, width)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        4 * (self.window * self.window * output.iter().product::<usize>()) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = |shift| Self {
            heads: 2,
            window: 2,
            shift,
        };
        vec![(op(0), vec![12, 2, 4]), (op(1), vec![12, 4, 4])]
    }
}
