//! Convolution of any kernel, stride, padding, dilation and grouping as matrix products over gathered windows.
//!
//! Only a block of windows that fits into the second cache exists at a time. Windows are laid out
//! (kernel row, kernel column, channel), so that in NHWC a kernel row is one contiguous copy.

mod windows;

use rayon::prelude::*;

use super::batch_norm::{Epilogue, Sums};
use super::conv_shape::ConvShape;
use super::gemm::{Left, PANEL, Right, Target, block_at, pack_panel, packed_len, panel_width};
use super::shared::Shared;
use super::simd::Simd;
use super::{elementwise, scratch};
use windows::{gather, is_pointwise, scatter};

/// Floats of gathered windows that a task holds: 384 KiB.
const BLOCK: usize = 96 * 1024;
/// Floats that the partial weight gradients may take together, and how many there are at most.
const PARTIALS: (usize, usize) = (4 << 20, 16);

pub(super) fn workspace(s: &ConvShape) -> usize {
    let forward = s.groups * packed_len(s.taps(), s.group_output());
    let data = s.groups * packed_len(s.group_output(), s.taps());
    forward.max(data).max(segments(s) * s.weight_len())
}

/// Rows of windows of `width` floats that a task gathers.
fn block_rows(width: usize) -> usize {
    (BLOCK / width / 12 * 12).clamp(12, 192)
}

/// Parts into which the sum over pixels of the weight gradient is cut.
fn segments(s: &ConvShape) -> usize {
    (PARTIALS.0 / s.weight_len())
        .clamp(1, PARTIALS.1)
        .min(s.rows().div_ceil(192))
}

/// Position in the (out, in, ky, kx) weight of group `g`'s output `o` and tap `p` in window order.
fn weight_index(s: &ConvShape, g: usize, o: usize, p: usize) -> usize {
    let (tap, channel) = (p / s.group_input(), p % s.group_input());
    let area = s.kernel * s.kernel;
    (g * s.group_output() + o) * s.taps() + channel * area + tap
}

/// Pack a matrix per group whose element (p, j) is `at(g, p, j)` for the products.
fn pack(
    (groups, depth, columns): (usize, usize, usize),
    packed: &mut [f32],
    at: impl Fn(usize, usize, usize) -> f32 + Sync,
) {
    let matrix = packed_len(depth, columns);
    let matrices = packed[..groups * matrix].par_chunks_mut(matrix.max(1));
    matrices.enumerate().for_each(|(g, packed)| {
        let panels = packed.par_chunks_mut((depth * PANEL).max(1));
        panels.enumerate().for_each(|(panel, to)| {
            let first = panel * PANEL;
            for (p, row) in to.chunks_exact_mut(panel_width(columns, first)).enumerate() {
                for (j, value) in row.iter_mut().enumerate() {
                    let column = first + j;
                    *value = if column < columns {
                        at(g, p, column)
                    } else {
                        0.0
                    };
                }
            }
        });
    });
}

pub(super) fn forward(
    simd: Simd,
    s: &ConvShape,
    x: &[f32],
    weight: &[f32],
    (y, epilogue): (&mut [f32], Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    s.check(x.into(), (y.len(), weight.len()));
    let (taps, outputs) = (s.taps(), s.group_output());
    pack((s.groups, taps, outputs), workspace, |g, p, o| {
        weight[weight_index(s, g, o, p)]
    });
    let packed = &*workspace;
    let step = block_rows(taps);
    let target = Shared::new(y);
    let blocks = (0..s.rows().div_ceil(step)).into_par_iter().map(|b| {
        let rows = b * step..s.rows().min((b + 1) * step);
        for g in 0..s.groups {
            let right = Right::Packed(packed[g * packed_len(taps, outputs)..].as_ptr());
            let c = Target {
                start: target.at(rows.start * s.output + g * outputs),
                row: s.output,
                add: false,
            };
            let size = (rows.len(), outputs, taps);
            if is_pointwise(s) {
                let a = Left {
                    start: x[rows.start * s.input + g * taps..].as_ptr(),
                    row: s.input,
                    column: 1,
                };
                // SAFETY: input and output have the shape's lengths (checked), the weight was packed; every task has
                // its own rows of the output, and every group its own columns.
                unsafe { block_at(simd, size, a, right, c) };
            } else {
                scratch::with(rows.len() * taps, |windows| {
                    gather(s, g, x, rows.clone(), 0..s.kernel, (windows, taps));
                    let a = Left {
                        start: windows.as_ptr(),
                        row: taps,
                        column: 1,
                    };
                    // SAFETY: as above, and the windows were just gathered.
                    unsafe { block_at(simd, size, a, right, c) };
                });
            }
        }
        // SAFETY: every task has its own rows, which are written.
        let y = unsafe { target.part(rows.start * s.output, rows.len() * s.output) };
        epilogue.run(simd, (rows, s.output), y)
    });
    Sums::collect(blocks)
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
    let (taps, outputs) = (s.taps(), s.group_output());
    pack((s.groups, outputs, taps), workspace, |g, o, p| {
        weight[weight_index(s, g, o, p)]
    });
    let packed = &*workspace;
    let left = |row: usize, g: usize| Left {
        start: dy[row * s.output + g * outputs..].as_ptr(),
        row: s.output,
        column: 1,
    };
    let matrix = packed_len(outputs, taps);
    let right = |g: usize| Right::Packed(packed[g * matrix..].as_ptr());
    if is_pointwise(s) {
        let target = Shared::new(dx);
        (0..s.rows().div_ceil(192)).into_par_iter().for_each(|b| {
            let rows = b * 192..s.rows().min((b + 1) * 192);
            for g in 0..s.groups {
                let c = Target {
                    start: target.at(rows.start * s.input + g * taps),
                    row: s.input,
                    add,
                };
                let size = (rows.len(), taps, outputs);
                // SAFETY: both gradients have the shape's lengths (checked), the weight was packed; every task has its
                // own rows, and every group its own columns.
                unsafe { block_at(simd, size, left(rows.start, g), right(g), c) };
            }
        });
        return;
    }
    let (pixels, step) = (s.out_height() * s.out_width(), block_rows(taps));
    // A task takes as many images as make a product worth its walk through the weight.
    let images = 96usize.div_ceil(pixels);
    dx.par_chunks_mut(images * s.height * s.width * s.input)
        .enumerate()
        .for_each(|(task, dx)| {
            if !add {
                dx.fill(0.0);
            }
            let first = task * images * pixels;
            let end = s.rows().min(first + images * pixels);
            for start in (first..end).step_by(step) {
                let rows = start..end.min(start + step);
                for g in 0..s.groups {
                    scratch::with(rows.len() * taps, |windows| {
                        let c = Target {
                            start: windows.as_mut_ptr(),
                            row: taps,
                            add: false,
                        };
                        let size = (rows.len(), taps, outputs);
                        // SAFETY: as above; the windows hold these rows.
                        unsafe { block_at(simd, size, left(start, g), right(g), c) };
                        scatter(s, g, windows, rows.clone(), task * images, dx);
                    });
                }
            }
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
    let (taps, outputs) = (s.taps(), s.group_output());
    let line = s.kernel * s.group_input();
    // A task owns kernel rows where one is enough work, else all of them.
    let ky_step = if line >= 96 { 1 } else { s.kernel };
    let (segments, ky_tasks) = (segments(s), s.kernel / ky_step);
    let width = ky_step * line;
    // Products walk down columns of windows: strides of a power of two would put them into few cache places.
    let stride = width.next_multiple_of(16) + 16;
    let span = s.rows().div_ceil(segments);
    let partials = Shared::new(&mut *workspace);
    (0..segments * ky_tasks).into_par_iter().for_each(|task| {
        let (segment, ky) = (task / ky_tasks, task % ky_tasks * ky_step);
        let (first, end) = (segment * span, s.rows().min((segment + 1) * span));
        for g in 0..s.groups {
            let start = segment * s.weight_len() + (g * taps + ky * line) * outputs;
            // SAFETY: every task has its own segment and kernel rows.
            let part = unsafe { partials.part(start, width * outputs) };
            part.fill(0.0);
            let step = (2 * BLOCK / width / 8 * 8).clamp(32, 256);
            for row in (first..end).step_by(step) {
                let rows = row..end.min(row + step);
                let space = scratch::lines(rows.len() * stride);
                let total = space + packed_len(rows.len(), outputs);
                scratch::with(total, |space_all| {
                    let (windows, packed) = space_all.split_at_mut(space);
                    let a = if is_pointwise(s) {
                        Left {
                            start: x[row * s.input + g * taps..].as_ptr(),
                            row: 1,
                            column: s.input,
                        }
                    } else {
                        gather(s, g, x, rows.clone(), ky..ky + ky_step, (windows, stride));
                        Left {
                            start: windows.as_ptr(),
                            row: 1,
                            column: stride,
                        }
                    };
                    let b = &dy[row * s.output + g * outputs..];
                    for first in (0..outputs).step_by(PANEL) {
                        // SAFETY: `b` holds the rows, `packed` was sized for them.
                        unsafe {
                            pack_panel(
                                rows.len(),
                                outputs,
                                first,
                                b.as_ptr(),
                                (s.output, 1),
                                packed.as_mut_ptr(),
                            );
                        }
                    }
                    let right = Right::Packed(packed.as_ptr());
                    let c = Target {
                        start: part.as_mut_ptr(),
                        row: outputs,
                        add: true,
                    };
                    let size = (width, outputs, rows.len());
                    // SAFETY: both sides were just gathered, or are the input, of the shape's length (checked); `part`
                    // holds the kernel rows of this group.
                    unsafe { block_at(simd, size, a, right, c) };
                });
            }
        }
    });
    let sums =
        elementwise::sum_into_first(simd, &mut workspace[..segments * s.weight_len()], segments);
    let dw = Shared::new(dw);
    (0..s.output.div_ceil(16))
        .into_par_iter()
        .for_each(|block| {
            for o in block * 16..s.output.min(block * 16 + 16) {
                let group = o / outputs * taps;
                // SAFETY: every output channel has its own weights.
                let dw = unsafe { dw.part(o * taps, taps) };
                for p in 0..taps {
                    dw[weight_index(s, 0, 0, p)] = sums[(group + p) * outputs + o % outputs];
                }
            }
        });
}
