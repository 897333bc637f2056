//! Maximum over sliding windows.

use candle_core::{D, Tensor};

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// Largest value of each window; padding counts as −∞ and windows that do not fit are dropped.
///
/// Takes (C, H, W), gives (C, H', W') with `H' = (H + 2·padding − kernel) / stride + 1`, rounded down.
/// candle's own `max_pool2d` has a wrong gradient when windows overlap, so the windows are gathered
/// here and the first of equal maxima receives the gradient, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Window height and width.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Border on every side.
    pub padding: usize,
}

impl MaxPool {
    /// Output height or width for an input of `size`; `None` when no window fits.
    #[must_use]
    pub fn extent(&self, size: usize) -> Option<usize> {
        (size + 2 * self.padding)
            .checked_sub(self.kernel)
            .map(|room| room / self.stride + 1)
    }
}

impl Layer for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        if let &[&[channels, height, width]] = inputs
            && let (Some(h), Some(w)) = (self.extent(height), self.extent(width))
        {
            return Ok(vec![channels, h, w]);
        }
        Err(Error::Usage(format!(
            "a {0}x{0} pooling window does not fit into {inputs:?}",
            self.kernel
        )))
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        let mut x = inputs[0].clone();
        for dim in [2, 3] {
            x = pad(&x, dim, self.padding)?;
        }
        let (_, _, height, width) = x.dims4()?;
        let positions = |size: usize, offset: usize| -> Result<Tensor> {
            let count = (size - self.kernel) / self.stride + 1;
            let index: Vec<u32> = (0..count)
                .map(|i| (i * self.stride + offset) as u32)
                .collect();
            Ok(Tensor::new(index, x.device())?)
        };
        let mut windows = Vec::new();
        for dy in 0..self.kernel {
            let rows = x.index_select(&positions(height, dy)?, 2)?;
            for dx in 0..self.kernel {
                windows.push(rows.index_select(&positions(width, dx)?, 3)?);
            }
        }
        let windows = Tensor::stack(&windows, D::Minus1)?; // (N, C, H', W', kernel²)
        let best = windows.detach().argmax_keepdim(D::Minus1)?;
        Ok(windows.gather(&best, D::Minus1)?.squeeze(D::Minus1)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        (self.kernel * self.kernel * output.iter().product::<usize>()) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            kernel: 3,
            stride: 2,
            padding: 1,
        };
        vec![(op, vec![3, 6, 7])]
    }
}

/// `x` with `border` slices of the lowest finite number on both sides of `dim`.
fn pad(x: &Tensor, dim: usize, border: usize) -> Result<Tensor> {
    if border == 0 {
        return Ok(x.clone());
    }
    let mut shape = x.dims().to_vec();
    shape[dim] = border;
    let edge = Tensor::full(f32::MIN, shape, x.device())?.to_dtype(x.dtype())?;
    Ok(Tensor::cat(&[&edge, x, &edge], dim)?)
}
