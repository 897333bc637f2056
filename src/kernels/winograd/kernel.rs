//! The 3×3 kernels: `U = G g Gᵀ`, and its adjoint for the weight gradient.

use rayon::prelude::*;

use super::plane;
use crate::kernels::conv::ConvShape;
use crate::kernels::gemm::{PANEL, panel_width};
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Simd, multiversion};

const G: [[f32; 3]; 6] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

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
    let u = Shared::new(u);
    (0..columns / 16).into_par_iter().for_each(|lane| {
        transform_lanes(simd, (s.input, s.output), side, weight, lane * 16, u);
    });
}

multiversion! {
    /// Sixteen columns, starting at `first`, of all 36 matrices.
    fn transform_lanes<L>(channels: (usize, usize), side: Side, weight: &[f32], first: usize, u: Shared) {
        let (inputs, outputs) = channels;
        let (depth, columns) = match side {
            Side::Forward => (inputs, outputs),
            Side::Backward => (outputs, inputs),
        };
        let panel = first / PANEL * PANEL;
        let width = panel_width(columns, panel);
        for row in 0..depth {
            let mut taps = [[0.0f32; 16]; 9];
            for lane in 0..16 {
                let start = match side {
                    Side::Forward => (first + lane) * inputs + row,
                    Side::Backward => row * inputs + first + lane,
                };
                let kernel = &weight[start * 9..start * 9 + 9];
                for (t, value) in kernel.iter().enumerate() {
                    let t = if side == Side::Forward { t } else { 8 - t };
                    taps[t][lane] = *value;
                }
            }
            let mut half = [[[0.0f32; 16]; 3]; 6];
            for (g, half) in G.iter().zip(&mut half) {
                for (b, half) in half.iter_mut().enumerate() {
                    for lane in 0..16 {
                        half[lane] = g[0] * taps[b][lane] + g[1] * taps[3 + b][lane] + g[2] * taps[6 + b][lane];
                    }
                }
            }
            for (a, half) in half.iter().enumerate() {
                for (b, g) in G.iter().enumerate() {
                    let to = (a * 6 + b) * plane(depth, columns) + panel * depth + row * width + first - panel;
                    // SAFETY: every task writes its own sixteen columns.
                    let to = unsafe { u.part(to, 16) };
                    for lane in 0..16 {
                        to[lane] = g[0] * half[0][lane] + g[1] * half[1][lane] + g[2] * half[2][lane];
                    }
                }
            }
        }
    }
}

/// `dw = Gᵀ dU G` for all kernels, dU summed over its `parts` of 36 matrices (in × out).
pub(super) fn adjoint(simd: Simd, s: &ConvShape, parts: usize, du: &[f32], dw: &mut [f32]) {
    let dw = Shared::new(dw);
    (0..s.output / 16).into_par_iter().for_each(|lane| {
        adjoint_lanes(simd, (s.input, s.output), parts, du, lane * 16, dw);
    });
}

multiversion! {
    /// The kernels of sixteen output channels, starting at `first`.
    fn adjoint_lanes<L>(channels: (usize, usize), parts: usize, du: &[f32], first: usize, dw: Shared) {
        let (inputs, outputs) = channels;
        let matrix = plane(inputs, outputs);
        for row in 0..inputs {
            let mut half = [[[0.0f32; 16]; 6]; 3];
            for xi in 0..36 {
                let mut sum = [0.0f32; 16];
                for part in 0..parts {
                    let from = (part * 36 + xi) * matrix + row * outputs + first;
                    for (sum, value) in sum.iter_mut().zip(&du[from..from + 16]) {
                        *sum += value;
                    }
                }
                for a in 0..3 {
                    for lane in 0..16 {
                        half[a][xi % 6][lane] += G[xi / 6][a] * sum[lane];
                    }
                }
            }
            let mut taps = [[0.0f32; 16]; 9];
            for (t, tap) in taps.iter_mut().enumerate() {
                for (b, g) in G.iter().enumerate() {
                    for lane in 0..16 {
                        tap[lane] += half[t / 3][b][lane] * g[t % 3];
                    }
                }
            }
            for lane in 0..16 {
                // SAFETY: every task writes the kernels of its own output channels.
                let kernel = unsafe { dw.part(((first + lane) * inputs + row) * 9, 9) };
                for (value, tap) in kernel.iter_mut().zip(&taps) {
                    *value = tap[lane];
                }
            }
        }
    }
}
