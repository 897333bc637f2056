//! Products that sum over the rows of two matrices: gradients of weights.

use rayon::prelude::*;

use super::block::block_at;
use super::matrices::{Left, PANEL, Right, Target};
use super::pack::{pack_panel, packed_len};
use crate::kernels::elementwise::{add_chunk, sum_parts};
use crate::kernels::product::product;
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::Simd;

/// Rows and columns of the result a task computes.
const TILE: (usize, usize) = (192, 256);
/// Rows that are gathered at a time: with a tile of either matrix they fit into the second cache.
const DEEP: usize = 256;
/// Floats between two gathered rows of the left matrix: not a power of two, which would meet in few cache places.
const STRIDE: usize = TILE.0 + 16;
/// Tasks below which the sum over rows is cut into segments.
const TASKS: usize = 16;

/// Segments into which the sum over `rows` is cut, each with its own partial result.
fn segments((m, n, rows): (usize, usize, usize)) -> usize {
    let tiles = m.div_ceil(TILE.0) * n.div_ceil(TILE.1);
    TASKS.div_ceil(tiles).min(rows / (2 * DEEP)).max(1)
}

/// Floats of workspace that [`over_rows`] needs.
#[must_use]
pub fn over_rows_workspace(size: (usize, usize, usize)) -> usize {
    segments(size) * (size.0 * size.1 + size.0)
}

/// `c = aᵀ · b`; a is rows × m, b is rows × n, c is m × n, row-major; the column sums of `a` to `sums` where asked for.
///
/// # Panics
/// A slice is shorter than its matrix.
pub fn over_rows(
    simd: Simd,
    (m, n, rows): (usize, usize, usize),
    a: &[f32],
    b: &[f32],
    (c, sums): (&mut [f32], Option<&mut [f32]>),
    workspace: &mut [f32],
) {
    let segments = segments((m, n, rows));
    let partial = m * n + m;
    assert!(a.len() >= product([rows, m]) && b.len() >= product([rows, n]));
    assert!(c.len() >= product([m, n]));
    let workspace = &mut workspace[..segments * partial];
    let partials = Shared::new(workspace);
    let (across, down) = (n.div_ceil(TILE.1), m.div_ceil(TILE.0));
    let span = rows.div_ceil(segments);
    (0..segments * across * down)
        .into_par_iter()
        .for_each(|task| {
            let (segment, tile) = (task / (across * down), task % (across * down));
            let (i, j) = (tile / across * TILE.0, tile % across * TILE.1);
            let (height, width) = ((m - i).min(TILE.0), (n - j).min(TILE.1));
            let begin = segment * partial;
            // SAFETY: of the tasks of a segment, only the first in a row of tiles touches these sums.
            let mut totals = (j == 0).then(|| unsafe { partials.part(begin + m * n + i, height) });
            if let Some(totals) = &mut totals {
                totals.fill(0.0);
            }
            let (first, end) = (segment * span, rows.min((segment + 1) * span));
            scratch::with(DEEP * STRIDE + packed_len(DEEP, width), |space| {
                let (left, right) = space.split_at_mut(DEEP * STRIDE);
                for row in (first..end).step_by(DEEP) {
                    let deep = (end - row).min(DEEP);
                    for (p, to) in left.chunks_exact_mut(STRIDE).enumerate().take(deep) {
                        let from = &a[(row + p) * m + i..][..height];
                        to[..height].copy_from_slice(from);
                        if let Some(totals) = &mut totals {
                            add_chunk(simd, totals, from);
                        }
                    }
                    let from = b[row * n + j..(row + deep) * n].as_ptr();
                    for first in (0..width).step_by(PANEL) {
                        // SAFETY: `deep` rows of `width` columns from there are inside `b`; `right` was sized for them.
                        unsafe { pack_panel(deep, width, first, from, (n, 1), right.as_mut_ptr()) }
                    }
                    let left = Left {
                        start: left.as_ptr(),
                        row: 1,
                        column: STRIDE,
                    };
                    let c = Target {
                        start: partials.at(begin + i * n + j),
                        row: n,
                        add: row > first,
                    };
                    let size = (height, width, deep);
                    let right = Right::Packed(right.as_ptr());
                    // SAFETY: both sides were just gathered; every task has its own tile of its segment's sums.
                    unsafe { block_at(simd, size, left, right, c) };
                }
            });
        });
    sum_parts(simd, workspace, segments, 0, &mut c[..m * n]);
    if let Some(sums) = sums {
        sum_parts(simd, workspace, segments, m * n, sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Level;

    #[cfg(not(miri))]
    const SIZES: [(usize, usize, usize); 4] =
        [(1, 1, 1), (5, 19, 1100), (200, 70, 33), (10, 300, 520)];
    #[cfg(miri)]
    const SIZES: [(usize, usize, usize); 2] = [(1, 1, 1), (2, 5, 1100)];

    #[test]
    fn sums_over_rows_agree_with_the_definition() {
        let value = |i: usize| (i * 7919 % 211) as f32 / 100.0 - 1.0;
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            for (m, n, rows) in SIZES {
                let a: Vec<f32> = (0..m * rows).map(value).collect();
                let b: Vec<f32> = (0..n * rows).map(|i| value(i + 5)).collect();
                let (mut c, mut sums) = (vec![9.0; m * n], vec![9.0; m]);
                let mut space = vec![9.0; over_rows_workspace((m, n, rows))];
                let to = (c.as_mut_slice(), Some(sums.as_mut_slice()));
                over_rows(Simd::at_most(level), (m, n, rows), &a, &b, to, &mut space);
                for i in 0..m {
                    let column = |p: usize| f64::from(a[p * m + i]);
                    let sum: f64 = (0..rows).map(column).sum();
                    assert!((f64::from(sums[i]) - sum).abs() < 1e-3);
                    for j in 0..n {
                        let sum: f64 = (0..rows).map(|p| column(p) * f64::from(b[p * n + j])).sum();
                        let got = f64::from(c[i * n + j]);
                        assert!(
                            (got - sum).abs() < 1e-3,
                            "{level:?} {m} {n} {rows}: {got} {sum}"
                        );
                    }
                }
            }
        }
    }
}
