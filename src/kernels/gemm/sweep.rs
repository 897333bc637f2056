//! Products whose left-hand rows and sums lie in pieces: what a convolution reads from an image without gathering.

use super::matrices::{DEPTH, Left, PANEL, Right, Sink, Target};
use super::micro::columns;
use super::pack::panel_width;
use crate::kernels::simd::multiversion;

/// A part of the sum of a product: `len` places from each of `starts` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernels) struct Run {
    starts: Vec<usize>,
    len: usize,
    /// First row of the right-hand side.
    depth: usize,
}

impl Run {
    /// The sum over `len` places, `step` floats apart, from each of `starts` on, in runs that leave a panel of the
    /// right-hand side in the first cache.
    pub(in crate::kernels) fn cut(starts: &[usize], len: usize, step: usize) -> Vec<Self> {
        let parts = len.div_ceil(DEPTH).max(1);
        let part = len.div_ceil(parts);
        let together = if parts == 1 {
            (DEPTH / len.max(1)).max(1)
        } else {
            1
        };
        let mut depth = 0;
        let mut runs = Vec::new();
        for starts in starts.chunks(together) {
            for first in (0..len).step_by(part.max(1)) {
                let len = part.min(len - first);
                let starts: Vec<usize> = starts.iter().map(|start| start + first * step).collect();
                let rows = starts.len() * len;
                runs.push(Self { starts, len, depth });
                depth += rows;
            }
        }
        runs
    }
}

multiversion! {
    /// `c (+)= a · b` for groups of m rows each: a group is where its rows start in `a` and in `c`.
    ///
    /// `k` is the depth of the right-hand side.
    ///
    /// # Safety
    /// From the start of every group `a` holds m rows of all places of the runs and `c` m rows of n columns; `b`
    /// holds k rows of n columns, and no run goes deeper. `c` overlaps neither, and nothing else touches it
    /// meanwhile.
    pub(in crate::kernels) unsafe fn sweep<L>(size: (usize, usize, usize), a: Left, groups: &[(usize, usize)], runs: &[Run], b: Right, c: Target) {
        let (m, n, k) = size;
        for (i, run) in runs.iter().enumerate() {
            for j in (0..n).step_by(PANEL) {
                let width = panel_width(n, j);
                let last = 16 - (j + width).saturating_sub(n);
                for &(from, to) in groups {
                    // SAFETY: the caller's promise, and j < n; `L` was proved by the `Simd`.
                    unsafe {
                        let b = match b {
                            Right::Packed(start) => (start.add(j * k + run.depth * width), width),
                            Right::Rows(start, row) => (start.add(run.depth * row + j), row),
                        };
                        let a = Left { start: a.start.add(from), ..a };
                        let c = Sink::from(c);
                        let c = if i > 0 { c.more() } else { c }.at(0, to + j);
                        columns::<L>(m, (&run.starts, run.len), a, b, c, (width, last));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_the_sum_in_order() {
        for (starts, len, step) in [
            (vec![0, 700, 900], 27, 1),
            (vec![3, 4], 300, 5),
            (vec![7], 128, 2),
        ] {
            let runs = Run::cut(&starts, len, step);
            let places: Vec<usize> = runs
                .iter()
                .flat_map(|run| {
                    run.starts
                        .iter()
                        .flat_map(|s| (0..run.len).map(move |p| s + p * step))
                })
                .collect();
            let wanted: Vec<usize> = starts
                .iter()
                .flat_map(|s| (0..len).map(move |p| s + p * step))
                .collect();
            assert_eq!(places, wanted);
            let depths: Vec<usize> = runs.iter().map(|run| run.depth).collect();
            let mut depth = 0;
            for (run, found) in runs.iter().zip(depths) {
                assert_eq!(found, depth);
                depth += run.starts.len() * run.len;
                assert!(run.starts.len() * run.len <= DEPTH);
            }
        }
    }
}
