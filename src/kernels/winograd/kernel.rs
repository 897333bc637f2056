//! The 3×3 kernels: `U = G g Gᵀ`, and its adjoint for the weight gradient.

use rayon::prelude::*;

use super::plane;
use crate::kernels::conv::ConvShape;
use crate::kernels::gemm::{PANEL, panel_width};
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
            // SAFETY: `L` was proved by the `Simd`; every task writes its own sixteen columns of each matrix.
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
                        let to = (a * 6 + b) * plane(depth, columns) + panel * depth + row * width + first - panel;
                        weigh(G[b], half[a]).store(u.part(to, 16).as_mut_ptr());
                    }
                }
            }
        }
    }
}

/// `Σ weights[i] · values[i]`
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
        adjoint_lanes(simd, (s.input, s.output), parts, du, lane * 16, dw);
    });
}

multiversion! {
    /// The kernels of sixteen output channels, starting at `first`.
    fn adjoint_lanes<L>(channels: (usize, usize), parts: usize, du: &[f32], first: usize, dw: Shared) {
        let (inputs, outputs) = channels;
        let matrix = plane(inputs, outputs);
        assert!(du.len() >= parts * 36 * matrix);
        for row in 0..inputs {
            let mut taps = [[0.0f32; 16]; 9];
            // SAFETY: `L` was proved by the `Simd`; `du` holds all parts (checked).
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
                // SAFETY: every task writes the kernels of its own output channels.
                let kernel = unsafe { dw.part(((first + lane) * inputs + row) * 9, 9) };
                for (value, tap) in kernel.iter_mut().zip(&taps) {
                    *value = tap[lane];
                }
            }
        }
    }
}
