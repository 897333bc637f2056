//! Products that sum over the rows of two matrices: gradients of weights.

use rayon::prelude::*;

use super::dot::Bf16;
use super::matrix::{self, Operands, Part, Rows};
use super::operands::{BLOCK, SIDE};
use super::pack::{as_halves, words};
use crate::kernels::product::product;
use crate::kernels::scratch::lines;
use crate::kernels::shared::Shared;

/// Rows that are packed at a time.
const DEEP: usize = 256;
/// Blocks of turned rows that stay in a core's second cache while panels pass by, and panels of a task.
const GROUP: (usize, usize) = (16, 8);

/// Floats of the sums, of the turned operand, of the panels.
fn floats(bf16: Bf16, (m, n, rows): (usize, usize, usize)) -> [usize; 3] {
    let turned = Rows::of(bf16, m, rows.min(DEEP));
    let columns = n.div_ceil(SIDE);
    [
        columns * turned.blocks * BLOCK,
        lines(turned.len() / 2),
        columns * turned.block() / 2,
    ]
}

impl Bf16 {
    /// Floats of workspace that [`Bf16::over_rows`] needs.
    #[must_use]
    pub fn over_rows_workspace(self, size: (usize, usize, usize)) -> usize {
        floats(self, size).iter().sum()
    }

    /// `c = aᵀ · b` with operands rounded; a is rows × m, b is rows × n, c is m × n, row-major; the column sums of `a`,
    /// not rounded, to `sums`.
    ///
    /// # Panics
    /// A slice is shorter than its matrix.
    pub fn over_rows(
        self,
        (m, n, rows): (usize, usize, usize),
        a: &[f32],
        b: &[f32],
        (c, sums): (&mut [f32], Option<&mut [f32]>),
        workspace: &mut [f32],
    ) {
        assert!(a.len() >= product([rows, m]) && b.len() >= product([rows, n]));
        assert!(c.len() >= product([m, n]));
        let [products, left, right] = floats(self, (m, n, rows));
        let (blocks, rest) = workspace.split_at_mut(products);
        let (left, rest) = words(rest).split_at_mut(left);
        let right = &mut rest[..right];
        let mut totals = vec![0.0; m.next_multiple_of(SIDE)];
        if rows == 0 {
            blocks.fill(0.0);
        }
        for first in (0..rows).step_by(DEEP) {
            let count = DEEP.min(rows - first);
            let turned = Rows::of(self, m, count);
            let left = &mut left[..turned.len() / 2];
            let right = &mut right[..n.div_ceil(SIDE) * turned.block() / 2];
            let a = &a[first * m..(first + count) * m];
            let b = &b[first * n..(first + count) * n];
            rayon::join(
                || turn(self, (a, m), turned, left, &mut totals),
                || pack(self, (b, n), turned, right),
            );
            let packed = (as_halves(left), as_halves(right));
            sum(self, turned, packed, (blocks, first > 0));
        }
        unpack((m, n), blocks, c);
        if let Some(sums) = sums {
            sums.copy_from_slice(&totals[..m]);
        }
    }
}

/// The left operand's columns as rows; column sums are added to `totals`.
fn turn(bf16: Bf16, (a, width): (&[f32], usize), sizes: Rows, out: &mut [u32], totals: &mut [f32]) {
    out.par_chunks_exact_mut(sizes.block() / 2)
        .zip(totals.par_chunks_exact_mut(SIDE))
        .enumerate()
        .for_each(|(i, (block, totals))| {
            let part = Part {
                of: a,
                width,
                first: i * SIDE,
            };
            matrix::turned(bf16.simd(), part, sizes.parts, block, totals);
        });
}

/// The right operand's panels.
fn pack(bf16: Bf16, (b, width): (&[f32], usize), sizes: Rows, out: &mut [u32]) {
    out.par_chunks_exact_mut(sizes.block() / 2)
        .enumerate()
        .for_each(|(column, panel)| {
            let part = Part {
                of: b,
                width,
                first: column * SIDE,
            };
            matrix::panel(bf16.simd(), part, sizes.parts, panel);
        });
}

/// Adds the products over these rows to the sums: blocks in the order of panels, then of rows of the left operand.
fn sum(bf16: Bf16, sizes: Rows, (rows, panels): (&[u16], &[u16]), (sums, add): (&mut [f32], bool)) {
    let columns = sums.len() / (sizes.blocks * BLOCK);
    let (down, across) = (sizes.blocks.div_ceil(GROUP.0), columns.div_ceil(GROUP.1));
    let sums = Shared::new(sums);
    (0..down * across).into_par_iter().for_each(|task| {
        let first = task % down * GROUP.0;
        let blocks = GROUP.0.min(sizes.blocks - first);
        let group = task / down * GROUP.1;
        for column in group..(group + GROUP.1).min(columns) {
            let operands = Operands {
                rows,
                sizes,
                panel: &panels[column * sizes.block()..],
            };
            let at = (column * sizes.blocks + first) * BLOCK;
            // SAFETY: every task has its own blocks.
            let sums = unsafe { sums.part(at, blocks * BLOCK) };
            matrix::multiply(bf16, first, operands, sums, add);
        }
    });
}

/// Blocks of sums to the rows of the result.
fn unpack((m, n): (usize, usize), blocks: &[f32], c: &mut [f32]) {
    let down = m.div_ceil(SIDE);
    c[..m * n]
        .par_chunks_exact_mut(n.max(1))
        .enumerate()
        .for_each(|(i, row)| {
            for (column, to) in row.chunks_mut(SIDE).enumerate() {
                let block = (column * down + i / SIDE) * BLOCK + i % SIDE * SIDE;
                to.copy_from_slice(&blocks[block..][..to.len()]);
            }
        });
}
