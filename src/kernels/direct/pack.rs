//! Weights in the order in which products read them.

use rayon::prelude::*;

use crate::kernels::gemm::{PANEL, packed_len, panel_width};

/// Pack the weights of `taps` for the products: row (t, d) and column j is `weight[taps[t] + d · steps.0 + j · steps.1]`.
pub(super) fn pack(
    taps: &[usize],
    (depth, columns): (usize, usize),
    steps: (usize, usize),
    weight: &[f32],
    packed: &mut [f32],
) {
    let rows = taps.len() * depth;
    let panels = packed[..packed_len(rows, columns)].par_chunks_mut((rows * PANEL).max(1));
    panels.enumerate().for_each(|(panel, to)| {
        let first = panel * PANEL;
        let width = panel_width(columns, first);
        let valid = width.min(columns - first);
        for (t, rows) in to.chunks_exact_mut(depth * width).enumerate() {
            for (d, row) in rows.chunks_exact_mut(width).enumerate() {
                let from = taps[t] + d * steps.0 + first * steps.1;
                let from = weight[from..].iter().step_by(steps.1);
                for (to, value) in row[..valid].iter_mut().zip(from) {
                    *to = *value;
                }
                row[valid..].fill(0.0);
            }
        }
    });
}
