//! Gradient by the weight: for every tap a sum over an image.

use std::ops::Range;

use rayon::prelude::*;

use super::field::{BLOCK, Field, blocks};
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::elementwise;
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// At least so many tasks: where blocks are fewer, the sum over images is cut into parts.
const TASKS: usize = 16;

fn parts(s: &ConvShape) -> usize {
    TASKS.div_ceil(blocks(s)).min(s.batch)
}

pub(in crate::kernels) fn workspace(s: &ConvShape) -> usize {
    parts(s) * s.weight_len()
}

multiversion! {
    /// Adds one image's weight gradient, (tap, channel), to `sums`.
    ///
    /// # Safety
    /// `x` and `dy` are valid for an image of their channels from here on; `space` holds the field.
    unsafe fn weight_image<L>(s: &ConvShape, x: *const f32, dy: *const f32, count: usize, sums: &mut [f32], space: &mut [f32]) {
        let field = Field::input(s);
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            field.fill::<L>(x, (s.height, s.width), (s.input, count), space);
            match s.kernel {
                3 => weight_rows::<L, 3>(s, field, space, dy, count, sums),
                5 => weight_rows::<L, 5>(s, field, space, dy, count, sums),
                7 => weight_rows::<L, 7>(s, field, space, dy, count, sums),
                _ => weight_rows::<L, 1>(s, field, space, dy, count, sums),
            }
        }
    }
}

/// The rows of outputs that meet pixels through a row of taps.
fn filled(s: &ConvShape, taps: usize) -> Range<usize> {
    let away = taps * s.dilation;
    let first = s.padding.saturating_sub(away).div_ceil(s.stride);
    let end = (s.height + s.padding)
        .saturating_sub(away)
        .div_ceil(s.stride);
    first..end.min(s.out_height())
}

/// The sums of `K` taps of a row of the kernel at a time.
///
/// # Safety
/// As for [`weight_image`]; `K` divides the kernel. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn weight_rows<L: Lanes, const K: usize>(
    s: &ConvShape,
    field: Field,
    x: &[f32],
    dy: *const f32,
    count: usize,
    sums: &mut [f32],
) {
    let (height, width) = (s.out_height(), s.out_width());
    let last = field.at(
        (height - 1) * s.stride + (s.kernel - 1) * s.dilation,
        (width - 1) * s.stride + (s.kernel - 1) * s.dilation,
    );
    assert!(last + BLOCK <= x.len() && sums.len() >= s.kernel * s.kernel * BLOCK);
    for first in (0..s.kernel * s.kernel).step_by(K) {
        let start = field.at(first / s.kernel * s.dilation, first % s.kernel * s.dilation);
        // SAFETY: the last place that is read lies in the field (checked); the rest is the caller's promise.
        unsafe {
            let mut total = [L::splat(0.0); K];
            for row in filled(s, first / s.kernel) {
                let from = x.as_ptr().add(start + field.at(row * s.stride, 0));
                for column in 0..width {
                    let g = L::load_up_to(dy.add((row * width + column) * s.input), count);
                    let from = from.add(column * s.stride * BLOCK);
                    for (k, total) in total.iter_mut().enumerate() {
                        *total = L::load(from.add(k * s.dilation * BLOCK)).fma(g, *total);
                    }
                }
            }
            for (k, total) in total.into_iter().enumerate() {
                let to = sums.as_mut_ptr().add((first + k) * BLOCK);
                total.add(L::load(to)).store(to);
            }
        }
    }
}

pub(in crate::kernels) fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    s.check(x.into(), (dy.len(), dw.len()));
    let parts = parts(s);
    let span = s.batch.div_ceil(parts);
    let (input, output) = (s.input_len() / s.batch, s.output_len() / s.batch);
    let taps = s.kernel * s.kernel;
    let all = &mut workspace[..parts * s.weight_len()];
    let target = Shared::new(all);
    (0..parts * blocks(s)).into_par_iter().for_each(|task| {
        let (part, first) = (task / blocks(s), task % blocks(s) * BLOCK);
        let count = BLOCK.min(s.input - first);
        scratch::with(taps * BLOCK + Field::input(s).len(), |space| {
            let (sums, space) = space.split_at_mut(taps * BLOCK);
            sums.fill(0.0);
            for n in part * span..s.batch.min((part + 1) * span) {
                let from = x[n * input + first..].as_ptr();
                let g = dy[n * output + first..].as_ptr();
                // SAFETY: lengths are checked.
                unsafe { weight_image(simd, s, from, g, count, sums, space) };
            }
            // SAFETY: every task has its own channels of its part.
            let to = unsafe { target.part((part * s.input + first) * taps, count * taps) };
            for (channel, to) in to.chunks_exact_mut(taps).enumerate() {
                for (tap, to) in to.iter_mut().enumerate() {
                    *to = sums[tap * BLOCK + channel];
                }
            }
        });
    });
    elementwise::sum_parts(simd, all, parts, 0, dw);
}
