//! The gradient by the weight: products that sum over output pixels.

use rayon::prelude::*;

use super::bands::Bands;
use crate::kernels::batch_norm::Input;
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::elementwise::sum_into_first;
use crate::kernels::gemm::{Left, Right, Run, Target, sweep};
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::Simd;

/// Floats that the partial gradients may take together, and how many there are at most.
const PARTIALS: (usize, usize) = (4 << 20, 16);

/// Parts into which the sum over bands is cut: fixed by the shape, so that the result is.
pub(super) fn tasks(s: &ConvShape) -> usize {
    (PARTIALS.0 / s.weight_len())
        .clamp(1, PARTIALS.1)
        .min(Bands::of(s).count())
}

pub(in crate::kernels) fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    s.check(x, (dy.len(), dw.len()));
    let (bands, tasks) = (Bands::of(s), tasks(s));
    let (line, width) = (s.kernel * s.input, s.out_width());
    let span = bands.count().div_ceil(tasks);
    let groups: Vec<(usize, usize)> = (0..s.kernel)
        .map(|ky| (ky * bands.row, ky * line * s.output))
        .collect();
    let partials = Shared::new(&mut *workspace);
    (0..tasks).into_par_iter().for_each(|task| {
        // SAFETY: every task has its own part.
        let part = unsafe { partials.part(task * s.weight_len(), s.weight_len()) };
        let (first, end) = (task * span, bands.count().min((task + 1) * span));
        if first >= end {
            part.fill(0.0);
        }
        scratch::with(bands.len(), |padded| {
            for index in first..end {
                let band = bands.get(index);
                bands.fill(simd, &band, x, padded);
                let starts: Vec<usize> = bands.starts(&band).collect();
                let step = s.stride * s.input;
                let runs = Run::cut(&starts, width, step);
                let pixel = (band.images.start * s.out_height() + band.rows.start) * width;
                let a = Left {
                    start: padded.as_ptr(),
                    row: 1,
                    column: step,
                };
                let b = Right::Rows(dy[pixel * s.output..].as_ptr(), s.output);
                let c = Target {
                    start: part.as_mut_ptr(),
                    row: s.output,
                    add: index > first,
                };
                let size = (line, s.output, starts.len() * width);
                // SAFETY: the band was filled with all rows behind its outputs, whose gradients `dy` holds (checked);
                // the part holds a gradient of the weight.
                unsafe { sweep(simd, size, a, &groups, &runs, b, c) };
            }
        });
    });
    let sums = sum_into_first(simd, &mut workspace[..tasks * s.weight_len()], tasks);
    turn(s, sums, dw);
}

/// (kernel row, kernel column, in, out) -> (out, in, kernel row, kernel column)
fn turn(s: &ConvShape, sums: &[f32], dw: &mut [f32]) {
    let area = s.kernel * s.kernel;
    dw.par_chunks_mut(s.taps() * 16)
        .enumerate()
        .for_each(|(block, dw)| {
            for tap in 0..area {
                for c in 0..s.input {
                    let row = &sums[(tap * s.input + c) * s.output + block * 16..];
                    for (dw, value) in dw.chunks_exact_mut(s.taps()).zip(row) {
                        dw[c * area + tap] = *value;
                    }
                }
            }
        });
}
