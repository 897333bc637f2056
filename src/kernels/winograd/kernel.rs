//! The 3×3 kernels: `U = G g Gᵀ`, and its adjoint for the weight gradient.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::conv_shape::ConvShape;
use crate::kernels::gemm::{PANEL, panel_width};
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Lanes, Simd, multiversion};

const G: [[f32; 3]; 6] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// Rows of a panel that a task transforms.
const ROWS: usize = 64;

/// Rows whose kernels are read together.
const STRIP: usize = 16;

/// Floats between two of 36 matrices: a cache line more than they hold, since strides of whole pages would put
/// the same element of all 36 into the same few places of the caches.
pub(super) fn plane(rows: usize, columns: usize) -> usize {
    rows * columns + 16
}

/// Which product the kernels are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// 36 matrices of input × output channels.
    Forward,
    /// 36 matrices of output × input channels, kernels turned by 180°.
    Backward,
}

/// Transform all kernels of `weight` (out, in, 3, 3) into 36 packed matrices.
pub(super) fn transform(simd: Simd, s: &ConvShape, side: Side, weight: &[f32], u: &mut [f32]) {
    let columns = match side {
        Side::Forward => s.output,
        Side::Backward => s.input,
    };
    let depth = s.input + s.output - columns;
    let (u, panels) = (Shared::new(u), columns.div_ceil(PANEL));
    (0..panels * depth.div_ceil(ROWS))
        .into_par_iter()
        .for_each(|task| {
            let (panel, row) = (task % panels * PANEL, task / panels * ROWS);
            let rows = row..depth.min(row + ROWS);
            scratch::with(PANEL * STRIP * 9, |block| {
                let channels = (s.input, s.output);
                // SAFETY: every task has its own rows of its own panel.
                unsafe { transform_panel(simd, channels, side, weight, (panel, rows), block, u) };
            });
        });
}

multiversion! {
    /// Some rows of the panel of columns that starts at `place.0`, of all 36 matrices; `block` is scratch.
    ///
    /// # Safety
    /// Nothing else touches these rows of the panel in `u` meanwhile.
    unsafe fn transform_panel<L>(
        channels: (usize, usize),
        side: Side,
        weight: &[f32],
        place: (usize, Range<usize>),
        block: &mut [f32],
        u: Shared,
    ) {
        let (panel, rows) = place;
        let (inputs, outputs) = channels;
        let (depth, columns) = match side {
            Side::Forward => (inputs, outputs),
            Side::Backward => (outputs, inputs),
        };
        let width = panel_width(columns, panel);
        // Neighbours in `weight` are read together: its strides are whole pages where there are many channels.
        for top in rows.clone().step_by(STRIP) {
            let count = STRIP.min(rows.end - top);
            let (lane_step, row_step) = match side {
                Side::Forward => (STRIP * 9, 9),
                Side::Backward => (9, width * 9),
            };
            match side {
                Side::Forward => for (lane, to) in block.chunks_exact_mut(lane_step).enumerate().take(width) {
                    let from = ((panel + lane) * inputs + top) * 9;
                    to[..count * 9].copy_from_slice(&weight[from..from + count * 9]);
                }
                Side::Backward => for (row, to) in block.chunks_exact_mut(row_step).enumerate().take(count) {
                    let from = ((top + row) * inputs + panel) * 9;
                    to.copy_from_slice(&weight[from..from + row_step]);
                }
            }
            for row in 0..count {
                // Whole rows of a panel: neighbouring cache lines of each matrix are written together.
                for first in (0..width).step_by(16) {
                    let mut taps = [[0.0f32; 16]; 9];
                    for lane in 0..16 {
                        let start = (first + lane) * lane_step + row * row_step;
                        let kernel = &block[start..start + 9];
                        for t in 0..9 {
                            taps[t][lane] = kernel[t];
                        }
                    }
                    if side == Side::Backward {
                        taps.reverse();
                    }
                    let to = panel * depth + (top + row) * width + first;
                    // SAFETY: the caller's promise; `L` was proved by the `Simd`.
                    unsafe { transform_lanes::<L>(&taps, u, (to, plane(depth, columns))) }
                }
            }
        }
    }
}

/// `G g Gᵀ` of sixteen kernels to `to`, `to + step`, ...
///
/// # Safety
/// Nothing else touches these sixteen floats of any matrix in `u` meanwhile. The processor has the instructions of
/// `L`.
#[inline(always)]
unsafe fn transform_lanes<L: Lanes>(taps: &[[f32; 16]; 9], u: Shared, (to, step): (usize, usize)) {
    // SAFETY: the caller's sixteen columns of all 36 matrices are its own.
    unsafe {
        let mut half = [[L::splat(0.0); 3]; 6];
        for b in 0..3 {
            let column = [0, 3, 6].map(|t| L::load(taps[t + b].as_ptr()));
            for a in 0..6 {
                half[a][b] = weigh(G[a], column);
            }
        }
        for a in 0..6 {
            for b in 0..6 {
                let to = to + (a * 6 + b) * step;
                weigh(G[b], half[a]).store(u.part(to, 16).as_mut_ptr());
            }
        }
    }
}

/// `Σ weights[i] · values[i]`
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn weigh<L: Lanes, const N: usize>(weights: [f32; N], values: [L; N]) -> L {
    // SAFETY: the contract of `Lanes`, passed on.
    unsafe {
        let mut sum = values[0].mul(L::splat(weights[0]));
        for i in 1..N {
            sum = values[i].fma(L::splat(weights[i]), sum);
        }
        sum
    }
}

/// `dw = Gᵀ dU G` for all kernels, dU summed over its `parts` of 36 matrices (in × out).
pub(super) fn adjoint(simd: Simd, s: &ConvShape, parts: usize, du: &[f32], dw: &mut [f32]) {
    let dw = Shared::new(dw);
    (0..s.output / 16).into_par_iter().for_each(|lane| {
        // SAFETY: every task has the kernels of its own output channels.
        unsafe { adjoint_lanes(simd, (s.input, s.output), parts, du, lane * 16, dw) };
    });
}

multiversion! {
    /// The kernels of sixteen output channels, starting at `first`.
    ///
    /// # Safety
    /// `first + 16` is at most the number of outputs, and nothing else touches their kernels in `dw` meanwhile.
    unsafe fn adjoint_lanes<L>(channels: (usize, usize), parts: usize, du: &[f32], first: usize, dw: Shared) {
        let (inputs, outputs) = channels;
        let matrix = plane(inputs, outputs);
        assert!(du.len() >= parts * 36 * matrix);
        for row in 0..inputs {
            let mut taps = [[0.0f32; 16]; 9];
            // SAFETY: `L` was proved by the `Simd`; `du` holds all parts (checked) and sixteen columns from `first` on.
            unsafe {
                let mut half = [[L::splat(0.0); 6]; 3];
                for b in 0..6 {
                    let mut column = [L::splat(0.0); 6];
                    for (a, sum) in column.iter_mut().enumerate() {
                        for part in 0..parts {
                            let from = (part * 36 + a * 6 + b) * matrix + row * outputs + first;
                            *sum = sum.add(L::load(du.as_ptr().add(from)));
                        }
                    }
                    for a in 0..3 {
                        half[a][b] = weigh(G.map(|g| g[a]), column);
                    }
                }
                for (t, tap) in taps.iter_mut().enumerate() {
                    weigh(G.map(|g| g[t % 3]), half[t / 3]).store(tap.as_mut_ptr());
                }
            }
            for lane in 0..16 {
                // SAFETY: the caller's promise.
                let kernel = unsafe { dw.part(((first + lane) * inputs + row) * 9, 9) };
                for (value, tap) in kernel.iter_mut().zip(&taps) {
                    *value = tap[lane];
                }
            }
        }
    }
}
