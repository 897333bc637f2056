//! What a convolution does for the batch norms before and behind it, while values are near.

use std::ops::Range;

use rayon::prelude::*;

use super::forward::apply_rows;
use super::{Affine, Statistics, Sums};
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::simd::Simd;

/// What a convolution reads.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// NHWC.
    pub values: &'a [f32],
    /// Batch norm and ReLU that the values have to go through on their way in.
    pub norm: Option<&'a Affine>,
}

impl<'a> From<&'a [f32]> for Input<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self { values, norm: None }
    }
}

impl Input<'_> {
    /// Copy the values from `start` on, whole rows of channels, to `to`, on this thread.
    pub(in crate::kernels) fn copy(&self, simd: Simd, start: usize, to: &mut [f32]) {
        let from = &self.values[start..start + to.len()];
        match self.norm {
            None => to.copy_from_slice(from),
            Some(affine) => {
                let rows = to.len() / affine.scale.len();
                apply_rows(
                    simd,
                    from.as_ptr(),
                    rows,
                    None,
                    true,
                    affine,
                    to.as_mut_ptr(),
                );
            }
        }
    }
}

/// What a convolution does with its outputs.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// Leaves them.
    Nothing,
    /// Changes them.
    Finish(Finish<'a>),
    /// Measures them.
    Statistics,
}

/// `y = y · scale + shift`, plus a residual, then ReLU.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// Scale and shift.
    pub affine: &'a Affine,
    /// Of the result's size.
    pub residual: Option<&'a [f32]>,
    /// Whether negative values become 0.
    pub relu: bool,
}

impl Finish<'_> {
    /// Run on the rows `rows`, at the start of `y`, on this thread.
    fn run(&self, simd: Simd, rows: Range<usize>, y: &mut [f32]) {
        let c = self.affine.scale.len();
        assert!(y.len() >= rows.len() * c);
        let residual = self.residual.map(|r| &r[rows.start * c..rows.end * c]);
        let y = y.as_mut_ptr();
        apply_rows(simd, y, rows.len(), residual, self.relu, self.affine, y);
    }
}

impl Then<'_> {
    /// Run on the rows `rows` of `channels`, which are `y`, on this thread.
    pub(in crate::kernels) fn run(
        &self,
        simd: Simd,
        (rows, channels): (Range<usize>, usize),
        y: &mut [f32],
    ) -> Option<Sums> {
        match self {
            Self::Nothing => None,
            Self::Finish(finish) => {
                finish.run(simd, rows, y);
                None
            }
            Self::Statistics => Some(Sums::of(simd, y, channels)),
        }
    }

    /// Run on all rows.
    pub(crate) fn all(&self, simd: Simd, channels: usize, y: &mut [f32]) -> Option<Statistics> {
        let chunk = chunk_rows(channels);
        let chunks = y.par_chunks_mut(chunk * channels).enumerate();
        let parts = chunks.map(|(i, y)| {
            let rows = i * chunk..i * chunk + y.len() / channels;
            self.run(simd, (rows, channels), y)
        });
        Statistics::of_parts(parts.collect(), channels)
    }
}
