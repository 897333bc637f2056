//! Gradient by the weight: `dw = Gᵀ [Σ (Bᵀ d B) ⊗ (A dy Aᵀ)] G`, a sum over all tiles.

use rayon::prelude::*;

use super::kernel::{self, plane};
use super::tile;
use super::tiles::Tiles;
use crate::kernels::batch_norm::Input;
use crate::kernels::conv_shape::{Algorithm, ConvShape};
use crate::kernels::gemm::{Left, Right, Target, block};
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Simd, multiversion};

/// Floats that the partial sums may take together: where they would leave the caches, and where they must end.
const PARTIALS: (usize, usize) = (1 << 20, 8 << 20);
/// Floats of the transformed tiles that a task holds: 1 MiB.
const BLOCK: usize = 256 * 1024;

/// Parts into which the sum over tiles is cut: fixed by the shape, so that the result is.
pub(super) fn partials(s: &ConvShape) -> usize {
    let matrix = 36 * plane(s.input, s.output);
    (PARTIALS.0 / matrix)
        .clamp(4, 16)
        .min((PARTIALS.1 / matrix).max(1))
        .min(Tiles::of(s).count().div_ceil(48))
}

/// Rows of the 6×6 products that one task computes: fewer where few parts leave threads without work.
fn task_rows(s: &ConvShape) -> usize {
    match s.input * s.output {
        0..16_384 => 6,
        16_384..65_536 => 3,
        65_536..262_144 => 2,
        _ => 1,
    }
}

pub(in crate::kernels) fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    assert_eq!(s.algorithm(), Algorithm::Winograd);
    s.check(x, (dy.len(), dw.len()));
    let tiles = Tiles::of(s);
    let (parts, rows) = (partials(s), task_rows(s));
    let (groups, span) = (6 / rows, tiles.count().div_ceil(parts));
    let matrix = plane(s.input, s.output);
    let step = (BLOCK / (6 * rows * (s.input + s.output)) / 8 * 8).clamp(32, 128);
    let sums = Shared::new(workspace);
    (0..parts * groups).into_par_iter().for_each(|task| {
        let (part, group) = (task / groups, task % groups);
        let start = (part * 36 + group * rows * 6) * matrix;
        // SAFETY: every task has its own part and rows.
        let du = unsafe { sums.part(start, rows * 6 * matrix) };
        let (first, end) = (part * span, tiles.count().min((part + 1) * span));
        if first >= end {
            du.fill(0.0);
        }
        for t in (first..end).step_by(step) {
            let count = (end - t).min(step);
            let len = 6 * rows * count * padded(s.input);
            scratch::with(len + 6 * rows * count * padded(s.output), |space| {
                let (v, m) = space.split_at_mut(len);
                let rows = (group * rows, rows);
                let add = t > first;
                let range = (t, count);
                let (input, output) = ((x, s.input), (dy, s.output));
                // SAFETY: channels are multiples of 16, as many as the norm's (checked); these tiles are there.
                unsafe { block_of(simd, tiles, range, rows, input, output, (du, add), v, m) };
            });
        }
    });
    kernel::adjoint(simd, s, parts, workspace, dw);
}

/// Floats between two tiles: the products walk down columns, and strides of a power of two would put a column
/// into few places of the first cache.
fn padded(channels: usize) -> usize {
    channels + 16
}

multiversion! {
    /// Add the products of `count` tiles, for some rows of the 6×6, to `du`.
    ///
    /// # Safety
    /// Channels are multiples of 16, and the norm of the input has as many; the tiles and rows are there.
    unsafe fn block_of<L>(
        tiles: Tiles,
        range: (usize, usize),
        product_rows: (usize, usize),
        input: (Input, usize),
        output: (&[f32], usize),
        sums: (&mut [f32], bool),
        v: &mut [f32],
        m: &mut [f32],
    ) {
        let ((first, count), (row, rows)) = (range, product_rows);
        let ((x, c), (dy, k), (du, add)) = (input, output, sums);
        assert!(x.values.len() >= tiles.pixels() * c && dy.len() >= tiles.pixels() * k);
        let (v_row, m_row) = (padded(c), padded(k));
        let (v_step, m_step) = (count * v_row, count * m_row);
        assert!(v.len() >= 6 * rows * v_step && m.len() >= 6 * rows * m_step);
        assert!(du.len() >= 6 * rows * plane(c, k));
        // SAFETY: lengths are checked above; the rest is the caller's promise, and `L` was proved by the `Simd`.
        unsafe {
            let range = row..row + rows;
            tile::inputs::<L>(tiles, (x, c), first..first + count, &range, v.as_mut_ptr(), (v_row, v_step));
            for t in 0..count {
                let range = range.clone();
                tile::gradient::<L>(tiles, dy.as_ptr(), k, first + t, range, m.as_mut_ptr().add(t * m_row), m_step);
            }
            for xi in 0..6 * rows {
                let a = Left { start: v.as_ptr().add(xi * v_step), row: 1, column: v_row };
                let b = Right::Rows(m.as_ptr().add(xi * m_step), m_row);
                let to = Target { start: du.as_mut_ptr().add(xi * plane(c, k)), row: k, add };
                block::<L>((c, k, count), a, b, to);
            }
        }
    }
}
