//! Four neighbouring positions as one.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `(C, H, W) -> (4C, H/2, W/2)`: the channels of (top, left), (bottom, left), (top, right), (bottom, right), one after the
/// other, as the patch merging of Swin transformers takes them (Liu et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchMerge;

impl Layer for PatchMerge {
    fn name(&self) -> &'static str {
        "patch_merge"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[channels, height, width]] if height % 2 == 0 && width % 2 == 0 => {
                Ok(vec![4 * channels, height / 2, width / 2])
            }
            _ => Err(Error::Usage(format!(
                "patches are merged two by two, which {inputs:?} cannot be; choose images of another size"
            ))),
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        let (n, c, h, w) = inputs[0].dims4()?;
        let split = inputs[0].reshape(&[n, c, h / 2, 2, w / 2, 2])?;
        let parts = split.permute(vec![0, 5, 3, 1, 2, 4])?.contiguous()?; // (n, column, row, c, ..)
        Ok(parts.reshape((n, 4 * c, h / 2, w / 2))?)
    }

    fn operations(&self, _: &[&[usize]], _: &[usize]) -> u64 {
        0
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        vec![(Self, vec![3, 4, 6])]
    }
}
