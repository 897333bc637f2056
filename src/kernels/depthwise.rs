//! Convolution with one kernel per channel: memory-bound, so plain loops along the channels.

use rayon::prelude::*;

use super::conv_shape::ConvShape;
use super::elementwise;
use super::simd::{Simd, multiversion};

/// Parts into which the sum over images of the weight gradient is cut.
const PARTS: usize = 16;

pub(super) fn workspace(s: &ConvShape) -> usize {
    PARTS.min(s.batch) * s.weight_len()
}

/// (channel, tap) -> (tap, channel)
fn taps_first(s: &ConvShape, weight: &[f32], packed: &mut [f32]) {
    let taps = s.kernel * s.kernel;
    for (i, value) in packed[..weight.len()].iter_mut().enumerate() {
        *value = weight[i % s.input * taps + i / s.input];
    }
}

/// (tap, input pixel) pairs under output pixel `i` of an image.
#[inline(always)]
fn window(s: &ConvShape, i: usize) -> impl Iterator<Item = (usize, usize)> {
    let s = *s;
    let (oy, ox) = (i / s.out_width(), i % s.out_width());
    let place = move |out: usize, tap: usize, size: usize| {
        let position = (out * s.stride + tap * s.dilation).checked_sub(s.padding)?;
        (position < size).then_some(position)
    };
    (0..s.kernel * s.kernel).filter_map(move |tap| {
        let y = place(oy, tap / s.kernel, s.height)?;
        let x = place(ox, tap % s.kernel, s.width)?;
        Some((tap, y * s.width + x))
    })
}

multiversion! {
    fn forward_image<L>(s: &ConvShape, x: &[f32], w: &[f32], y: &mut [f32]) {
        let c = s.input;
        for (i, y) in y.chunks_exact_mut(c).enumerate() {
            y.fill(0.0);
            for (tap, pixel) in window(s, i) {
                let (x, w) = (&x[pixel * c..][..c], &w[tap * c..][..c]);
                for ((y, x), w) in y.iter_mut().zip(x).zip(w) {
                    *y += x * w;
                }
            }
        }
    }
}

multiversion! {
    fn data_image<L>(s: &ConvShape, dy: &[f32], w: &[f32], dx: &mut [f32]) {
        let c = s.input;
        for (i, dy) in dy.chunks_exact(c).enumerate() {
            for (tap, pixel) in window(s, i) {
                let (dx, w) = (&mut dx[pixel * c..][..c], &w[tap * c..][..c]);
                for ((dx, dy), w) in dx.iter_mut().zip(dy).zip(w) {
                    *dx += dy * w;
                }
            }
        }
    }
}

multiversion! {
    fn weight_image<L>(s: &ConvShape, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        let c = s.input;
        for (i, dy) in dy.chunks_exact(c).enumerate() {
            for (tap, pixel) in window(s, i) {
                let (x, dw) = (&x[pixel * c..][..c], &mut dw[tap * c..][..c]);
                for ((dw, dy), x) in dw.iter_mut().zip(dy).zip(x) {
                    *dw += dy * x;
                }
            }
        }
    }
}

fn image_lens(s: &ConvShape) -> (usize, usize) {
    (s.input_len() / s.batch, s.output_len() / s.batch)
}

pub(super) fn forward(
    simd: Simd,
    s: &ConvShape,
    x: &[f32],
    weight: &[f32],
    y: &mut [f32],
    workspace: &mut [f32],
) {
    s.check(x.into(), (y.len(), weight.len()));
    taps_first(s, weight, workspace);
    let (input, output) = image_lens(s);
    y.par_chunks_mut(output)
        .zip(x.par_chunks(input))
        .for_each(|(y, x)| forward_image(simd, s, x, workspace, y));
}

pub(super) fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add): (&mut [f32], bool),
    workspace: &mut [f32],
) {
    s.check((&*dx).into(), (dy.len(), weight.len()));
    taps_first(s, weight, workspace);
    let (input, output) = image_lens(s);
    dx.par_chunks_mut(input)
        .zip(dy.par_chunks(output))
        .for_each(|(dx, dy)| {
            if !add {
                dx.fill(0.0);
            }
            data_image(simd, s, dy, workspace, dx);
        });
}

pub(super) fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    s.check(x.into(), (dy.len(), dw.len()));
    let parts = PARTS.min(s.batch);
    let span = s.batch.div_ceil(parts);
    let (input, output) = image_lens(s);
    let all = &mut workspace[..parts * s.weight_len()];
    all.par_chunks_mut(s.weight_len())
        .enumerate()
        .for_each(|(part, dw)| {
            dw.fill(0.0);
            for image in part * span..s.batch.min((part + 1) * span) {
                let (x, dy) = (
                    &x[image * input..][..input],
                    &dy[image * output..][..output],
                );
                weight_image(simd, s, x, dy, dw);
            }
        });
    let sums = elementwise::sum_parts(simd, all, parts);
    let taps = s.kernel * s.kernel;
    for (i, value) in sums.iter().enumerate() {
        dw[i % s.input * taps + i / s.input] = *value;
    }
}
