//! What a convolution does for the batch norms before and behind it, while values are near.

use std::ops::Range;

use super::affine::ScaleShift;
use super::forward::apply_rows;
use super::moments::Sums;
use super::reduce::{Gate, GatedSums};
use crate::kernels::simd::Simd;

/// What a convolution reads.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// NHWC.
    pub values: &'a [f32],
    /// Batch norm and ReLU that the values have to go through on their way in.
    pub norm: Option<&'a ScaleShift>,
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
                let (rows, y) = (to.len() / affine.channels(), to.as_mut_ptr());
                // SAFETY: both slices have the length of `to`, which is that of `rows` rows or more.
                unsafe { apply_rows(simd, from.as_ptr(), rows, None, true, affine, y) };
            }
        }
    }
}

/// What a convolution does with its outputs, or with the gradients that it gives, before they leave the caches.
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a> {
    /// Leaves them.
    Nothing,
    /// Changes them.
    Finish(Finish<'a>),
    /// Sums them and their squares: for [`ChannelMoments::join`](super::ChannelMoments::join).
    Moments,
    /// Takes them for the gradient of a batch norm's output: for [`NormSums::join`](super::NormSums::join).
    GatedSums(GatedSums<'a>),
}

/// `y = y · scale + shift`, plus a residual, then ReLU.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// Scale and shift.
    pub affine: &'a ScaleShift,
    /// Of the result's size.
    pub residual: Option<&'a [f32]>,
    /// Whether negative values become 0.
    pub relu: bool,
}

impl Finish<'_> {
    /// Run on the rows `rows`, at the start of `y`, on this thread.
    fn run(&self, simd: Simd, rows: Range<usize>, y: &mut [f32]) {
        let c = self.affine.channels();
        assert!(y.len() >= rows.len() * c);
        let residual = self.residual.map(|r| &r[rows.start * c..rows.end * c]);
        let y = y.as_mut_ptr();
        // SAFETY: `y` holds the rows (checked), and is read and written through this pointer alone.
        unsafe { apply_rows(simd, y, rows.len(), residual, self.relu, self.affine, y) };
    }
}

impl Epilogue<'_> {
    /// The slices must hold all of `floats` outputs, and norms all `channels`.
    pub(in crate::kernels) fn check(&self, floats: usize, channels: usize) {
        let affine = match self {
            Self::Nothing | Self::Moments => None,
            Self::Finish(finish) => Some(finish.affine),
            Self::GatedSums(reduce) => Some(reduce.affine),
        };
        assert!(affine.is_none_or(|affine| affine.channels() == channels));
        assert!(
            self.reads()
                .into_iter()
                .flatten()
                .all(|x| x.len() >= floats)
        );
    }

    /// Tensors like the output that it reads besides it.
    pub(in crate::kernels) fn reads(&self) -> [Option<&[f32]>; 2] {
        match self {
            Self::Nothing | Self::Moments => [None; 2],
            Self::Finish(finish) => [finish.residual, None],
            Self::GatedSums(reduce) => {
                let output = match reduce.gate {
                    Gate::Output(y) => Some(y),
                    Gate::Open | Gate::Input => None,
                };
                [Some(reduce.x), output]
            }
        }
    }

    /// What `rows` rows are to be summed into, if they are.
    pub(in crate::kernels) fn sums(&self, channels: usize, rows: usize) -> Option<Sums> {
        match self {
            Self::Nothing | Self::Finish(_) => None,
            Self::Moments => Some(Sums::new(&vec![0.0; channels], rows)),
            Self::GatedSums(reduce) => Some(Sums::new(&reduce.affine.mean, rows)),
        }
    }

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
            Self::Moments => Some(Sums::of(simd, y, channels)),
            Self::GatedSums(reduce) => Some(reduce.run(simd, rows, y)),
        }
    }

    /// Run on all rows; gives the sums, if there are any.
    pub fn all(&self, simd: Simd, channels: usize, y: &mut [f32]) -> Option<Vec<Sums>> {
        Sums::by_chunks(channels, y, |rows, y| self.run(simd, (rows, channels), y))
    }
}
